// The registration that is ours among those which may follow under the same name. Every write that changes or removes it
// carries `If-Match` with its version, so that a successor (a deploy that starts the new process before it stops the old
// one, a second process with the same identity) is left alone. Where the version does not match, the instance is read
// again: with our addresses it is still ours, changed by an operator; with others it has been replaced.
// Limits: a successor at the same addresses cannot be distinguished from us. A precondition that fails again and again (a proxy
// that rewrites ETags, or caches) ends after `looksMax` readings.

import { addressToText, parseAddress } from '../../model/address.ts';
import type { ApiCall, RegistryLink } from '../registry/registry-link.ts';
import { type DoneReply, type FailedReply, isUnknownInstance } from '../registry/reply.ts';
import { revisionOf, textsOf } from './registration-reply.ts';

/** `absent`: not registered, by the registry's reply. `replaced`: another registration has the name. */
export type Presence = 'ours' | 'absent' | 'replaced';

const looksMax = 3;

export class OwnInstance {
  readonly #link: RegistryLink;
  readonly #apiPath: string;
  /** As last accepted, and as sent since; canonical. */
  readonly #addrs = new Set<string>();
  readonly #onReplaced: () => void;
  /** For `If-Match`; undefined: to be read first. */
  #tag: string | undefined;
  #revision: number | undefined;
  /** A registration was accepted, or may have arrived without an answer. */
  mayBeRegistered = false;

  /** `onReplaced` is called with each reading that finds another registration. */
  constructor(link: RegistryLink, apiPath: string, onReplaced: () => void) {
    this.#link = link;
    this.#apiPath = apiPath;
    this.#onReplaced = onReplaced;
  }

  /** A registration with these addresses is sent now. */
  sends(addrs: readonly string[]): void {
    this.#addrs.add(canonical(addrs));
  }

  /** The registry has accepted it. */
  registered(addrs: readonly string[], reply: DoneReply): void {
    this.mayBeRegistered = true;
    this.#addrs.clear();
    this.sends(addrs);
    this.#know(reply);
  }

  /** The reply to a renewal has the revision: another one than ours means that the instance was changed. */
  isChanged(reply: DoneReply): boolean {
    const revision = revisionOf(reply.document);
    return revision !== undefined && this.#revision !== undefined && revision !== this.#revision;
  }

  /** Makes a call that changes or removes the instance as long as it is ours. `path`: after the instance's own. */
  async write(call: ApiCall, signal: AbortSignal): Promise<DoneReply | FailedReply | Exclude<Presence, 'ours'>> {
    for (let looks = 0; ; looks++) {
      if (this.#tag === undefined) {
        const presence = await this.look(signal);
        if (presence !== 'ours') return presence;
      }
      // A server that names no version at all can only be asked for one that exists.
      const tag = this.#tag ?? '*';
      const path = this.#apiPath + call.path;
      const reply = await this.#link.call({ ...call, path, headers: { 'if-match': tag } }, signal);
      if (reply.kind === 'done') {
        this.#know(reply);
        return reply;
      }
      if (isUnknownInstance(reply)) return this.#gone();
      const isOutdated = reply.kind === 'refused' && (reply.status === 412 || reply.status === 409);
      if (!isOutdated || looks >= looksMax) return reply;
      const presence = await this.look(signal);
      if (presence !== 'ours') return presence;
      // The ETag that was just refused comes again: something in between rewrites it. The revision is in the body too.
      if (this.#tag === tag) this.#tag = this.#revision === undefined ? tag : `"${this.#revision}"`;
    }
  }

  /** Reads the instance. */
  async look(signal: AbortSignal): Promise<Presence | FailedReply> {
    const headers = { 'cache-control': 'no-cache' };
    const reply = await this.#link.call({ path: this.#apiPath, headers }, signal);
    if (reply.kind !== 'done') return isUnknownInstance(reply) ? this.#gone() : reply;
    if (!this.#addrs.has(canonical(textsOf(reply.document['addrs'])))) {
      this.mayBeRegistered = false;
      this.#onReplaced();
      return 'replaced';
    }
    this.mayBeRegistered = true;
    this.#know(reply);
    return 'ours';
  }

  #gone(): 'absent' {
    this.mayBeRegistered = false;
    return 'absent';
  }

  #know({ headers, document }: DoneReply): void {
    this.#revision = revisionOf(document);
    const byRevision = this.#revision === undefined ? undefined : `"${this.#revision}"`;
    // A proxy that compresses makes the tag a weak one; of a revision it means the same.
    this.#tag = headers.get('etag')?.replace(/^W\//, '') ?? byRevision;
  }
}

function canonical(addrs: readonly string[]): string {
  return addrs
    .map((text) => {
      const address = parseAddress(text);
      return 'fault' in address ? text : addressToText(address);
    })
    .join(' ');
}
