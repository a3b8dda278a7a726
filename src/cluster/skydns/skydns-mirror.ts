// Keeps what takes traffic as SkyDNS keys in etcd, so that CoreDNS can answer when every rollcall is gone. One node of the
// cluster writes: the one that holds a claim beside the keys, which ends with its session; each write asks etcd for the
// claim, so a node that has lost it writes nothing. It is beside the registry's own writes and never delays one: the keys
// follow within a second, and everything is compared when a node takes the claim, every `compareMs`, and after a write that
// found something else.
// A key without this cluster's mark is neither overwritten nor deleted, no matter who made it.
// Limits: one group of `groupMax` keys in flight; `changedMax` changed instances wait, beyond that all are compared.

import type { Instance } from '../../model/instance.ts';
import { type InstanceKey, instanceKey } from '../../model/names.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ClusterLog } from '../cluster-log.ts';
import { type Condition, type Engine, isFault, type Swap } from '../engine.ts';
import { isOwnValue, type MirrorNames, originPrefix, servicesOf } from './mirrored-services.ts';

const groupMax = 60;
const changedMax = 10_000;
const compareMs = 600_000;
const claimEveryMs = 2000;
const writeMs = 3000;

export interface SkydnsMirrorDeps {
  readonly names: MirrorNames;
  readonly node: string;
  readonly engine: Pick<Engine, 'list' | 'swap'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** The session of this node while it is joined; undefined: it is not. */
  readonly session: () => bigint | undefined;
  readonly find: (key: InstanceKey) => { readonly instance: Instance } | undefined;
  readonly instances: () => Iterable<Instance>;
  readonly log: ClusterLog;
}

/** A key of ours, as it is in etcd. */
interface Mirrored {
  readonly modRevision: number;
  readonly text: string;
}

export class SkydnsMirror {
  readonly #deps: SkydnsMirrorDeps;
  /** Keys of ours, while the claim is held. */
  readonly #known = new Map<string, Mirrored>();
  /** Which keys an instance has had. */
  readonly #keys = new Map<string, readonly string[]>();
  readonly #changed = new Map<string, InstanceKey>();
  readonly counts = { puts: 0, deletes: 0, foreign: 0, repaired: 0 };
  #claim: bigint | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #comparedMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  constructor(deps: SkydnsMirrorDeps) {
    this.#deps = deps;
  }

  /** Whether this node writes. */
  get isWriter(): boolean {
    return this.#claim !== undefined && this.#claim === this.#deps.session();
  }

  /** A change subscriber. */
  changed({ env, appid, instance }: InstanceKey): void {
    if (this.#claim === undefined) return;
    if (this.#changed.size < changedMax) this.#changed.set(nameOf({ env, appid, instance }), { env, appid, instance });
    else this.#comparedMs = Number.NEGATIVE_INFINITY;
  }

  /** To be called several times a second; one piece of work at a time. Never rejects. */
  async look(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#step();
    } finally {
      this.#isBusy = false;
    }
  }

  async #step(): Promise<void> {
    const session = this.#deps.session();
    if (session === undefined) return;
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#claim !== session) {
      if (nowMs - this.#askedMs < claimEveryMs) return;
      this.#askedMs = nowMs;
      if (!(await this.#takeClaim(session))) return;
    }
    if (nowMs - this.#comparedMs >= compareMs) {
      if (!(await this.#compare())) return;
      this.#comparedMs = nowMs;
    }
    while (this.#changed.size > 0 && this.#claim !== undefined) {
      const swaps = this.#nextSwaps();
      if (swaps.length > 0 && !(await this.#write(swaps))) return;
    }
  }

  get #claimKey(): string {
    const { prefix, cluster } = this.#deps.names;
    return `${prefix}/_rollcall/${cluster}`;
  }

  async #takeClaim(session: bigint): Promise<boolean> {
    const { engine, node } = this.#deps;
    const key = this.#claimKey;
    const value = bytesOf(JSON.stringify({ node }));
    const claim: Swap = {
      conditions: [{ key, is: 'absent' }],
      writes: [{ key, value, lease: session }],
      reads: [key],
      isOwn: (found) => found.some(({ lease }) => lease === session),
    };
    const reply = await engine.swap({ swaps: [claim], puts: [] }, writeMs);
    if (isFault(reply) || reply.verdicts[0]?.verdict === 'lost') {
      this.#claim = undefined;
      return false;
    }
    this.#claim = session;
    this.#comparedMs = Number.NEGATIVE_INFINITY;
    this.#deps.log('info', {}, 'writes the SkyDNS mirror');
    return true;
  }

  /** Reads all keys and marks what differs as changed; what belongs to no instance is deleted. */
  async #compare(): Promise<boolean> {
    const { engine, names, instances, log } = this.#deps;
    const listing = await engine.list(originPrefix(names));
    if (isFault(listing)) {
      log('warn', { why: listing.detail }, 'cannot read the SkyDNS mirror');
      return false;
    }
    this.#known.clear();
    this.#keys.clear();
    this.#changed.clear();
    for (const { key, value, modRevision } of listing.entries)
      if (isOwnValue(value, names.cluster))
        this.#known.set(key, { modRevision, text: new TextDecoder().decode(value) });
    const left = new Set(this.#known.keys());
    for (const instance of instances()) {
      const wanted = servicesOf(instance, names);
      this.#keys.set(nameOf(instance), [...wanted.keys()]);
      const isAsWanted = [...wanted].every(([key, text]) => this.#known.get(key)?.text === text);
      for (const key of wanted.keys()) left.delete(key);
      if (!isAsWanted) this.#changed.set(nameOf(instance), instance);
    }
    this.counts.repaired += left.size + this.#changed.size;
    return this.#deleteAll([...left]);
  }

  async #deleteAll(keys: readonly string[]): Promise<boolean> {
    for (let from = 0; from < keys.length; from += groupMax) {
      const swaps = keys.slice(from, from + groupMax).flatMap((key) => this.#swapOf(key, undefined));
      if (swaps.length > 0 && !(await this.#write(swaps))) return false;
    }
    return true;
  }

  /** For as many changed instances as a group holds. */
  #nextSwaps(): Swap[] {
    const swaps: Swap[] = [];
    for (const [name, key] of this.#changed) {
      const instance = this.#deps.find(key)?.instance;
      const wanted = instance === undefined ? new Map<string, string>() : servicesOf(instance, this.#deps.names);
      const gone = (this.#keys.get(name) ?? []).filter((one) => !wanted.has(one));
      const size = wanted.size + gone.length;
      if (swaps.length > 0 && swaps.length + size > groupMax) break;
      this.#changed.delete(name);
      if (wanted.size > 0) this.#keys.set(name, [...wanted.keys()]);
      else this.#keys.delete(name);
      swaps.push(...gone.flatMap((one) => this.#swapOf(one, undefined)));
      for (const [one, text] of wanted) swaps.push(...this.#swapOf(one, text));
    }
    return swaps;
  }

  /** Puts the key, or deletes it where `text` is undefined; nothing where it is so already. */
  #swapOf(key: string, text: string | undefined): Swap[] {
    const known = this.#known.get(key);
    if (known?.text === text) return [];
    const value = text === undefined ? undefined : bytesOf(text);
    const at: Condition =
      known === undefined ? { key, is: 'absent' } : { key, is: 'at', modRevision: known.modRevision };
    const claim = { key: this.#claimKey, is: 'leased', lease: this.#claim ?? 0n } as const;
    const isOwn = (found: readonly { readonly value: Uint8Array }[]): boolean =>
      text === undefined ? found.length === 0 : found.some((one) => new TextDecoder().decode(one.value) === text);
    return [{ conditions: [at, claim], writes: [value === undefined ? { key } : { key, value }], reads: [key], isOwn }];
  }

  /** False: to be tried again later. */
  async #write(swaps: readonly Swap[]): Promise<boolean> {
    const { engine, log, names } = this.#deps;
    const reply = await engine.swap({ swaps, puts: [] }, writeMs);
    if (isFault(reply)) {
      log('warn', { why: reply.detail }, 'cannot write the SkyDNS mirror');
      this.#comparedMs = Number.NEGATIVE_INFINITY;
      this.#askedMs = this.#deps.clock.monotonicMs();
      // Without it nothing is known of what has been written.
      this.#claim = undefined;
      return false;
    }
    for (const [index, { writes }] of swaps.entries()) {
      const [write] = writes;
      const verdict = reply.verdicts[index];
      if (write === undefined || verdict === undefined) continue;
      if (verdict.verdict !== 'lost') this.#done(write.key, write.value, reply.revision);
      else this.#lost(write.key, verdict.found, names.cluster);
    }
    return true;
  }

  #done(key: string, value: Uint8Array | undefined, modRevision: number): void {
    this.counts[value === undefined ? 'deletes' : 'puts']++;
    if (value === undefined) this.#known.delete(key);
    else this.#known.set(key, { modRevision, text: new TextDecoder().decode(value) });
  }

  /** What is there instead belongs to another program, or the claim has gone to another node. */
  #lost(key: string, found: readonly { readonly value: Uint8Array }[], cluster: string): void {
    const [other] = found;
    if (other !== undefined && !isOwnValue(other.value, cluster)) {
      this.counts.foreign++;
      this.#deps.log('warn', { key }, 'leaves a key of the SkyDNS mirror that is not of this cluster');
      return;
    }
    this.#claim = undefined;
  }
}

function nameOf({ env, appid, instance }: InstanceKey): string {
  return `${env} ${appid} ${instanceKey(instance)}`;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
