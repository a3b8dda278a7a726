// Contents of instances, read back one after the other.

import type { Health } from '../model/health.ts';
import type { Registration } from '../model/instance.ts';
import { type Content, parsed, readContent } from './rows.ts';

/** What follows the addresses in `contentOf`; no text inside it can hold these quotes. */
const behindAddrs = '],"version":';

/**
 * Reads what was written of instances, one after the other. Most differ from the one before in nothing but their
 * addresses, so of those no more is read: at a million that is seconds of a restart.
 */
export class ContentReader {
  #rest = '';
  #before: { readonly registration: Registration; readonly health: Health | undefined } | undefined;

  read(text: string): Content {
    const end = text.indexOf(behindAddrs);
    if (end > 0 && this.#before !== undefined && text.slice(end) === this.#rest) {
      const { registration } = readContent(parsed(`${text.slice(0, end)}]}`));
      if (Array.isArray(registration)) return { registration, health: undefined };
      const { registration: before, health } = this.#before;
      return { registration: { ...before, addrs: registration.addrs }, health };
    }
    const { registration, health } = readContent(parsed(text));
    if (Array.isArray(registration)) return { registration, health };
    // Whether checks are right depends on the addresses.
    this.#before = registration.checks.length === 0 ? { registration, health } : undefined;
    this.#rest = end > 0 ? text.slice(end) : '';
    return { registration, health };
  }
}
