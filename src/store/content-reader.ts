// Contents of instances, read back one after the other.

import type { Registration, Supervision } from '../model/instance.ts';
import { type Content, readContent } from './rows.ts';
import { parsed } from './stored-json.ts';

/** What follows the addresses in `contentOf`; no text inside it can hold these quotes. */
const behindAddrs = '],"version":';

/**
 * Reads what was written of instances, one after the other. Most differ from the one before in nothing but their
 * addresses, so of those no more is read: at a million that is seconds of a restart.
 */
export class ContentReader {
  #rest = '';
  #before: { readonly registration: Registration; readonly supervision: Partial<Supervision> | undefined } | undefined;

  read(text: string): Content {
    const end = text.indexOf(behindAddrs);
    if (end > 0 && this.#before !== undefined && text.slice(end) === this.#rest) {
      const { registration } = readContent(parsed(`${text.slice(0, end)}]}`));
      if (Array.isArray(registration)) return { registration, supervision: undefined };
      const { registration: before, supervision } = this.#before;
      return { registration: { ...before, addrs: registration.addrs }, supervision };
    }
    const { registration, supervision } = readContent(parsed(text));
    if (Array.isArray(registration)) return { registration, supervision };
    // Whether checks are right depends on the addresses.
    this.#before = registration.checks.length === 0 ? { registration, supervision } : undefined;
    this.#rest = end > 0 ? text.slice(end) : '';
    return { registration, supervision };
  }
}
