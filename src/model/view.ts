// The read half of the registry: all that the DNS side may hold. It is called for every answer that is not cached, so
// it answers from memory, never waits, and keeps nothing of what it hands out. A replica in another thread can implement
// it as well as the registry itself.

import type { ServeRecord } from './answers-held.ts';
import type { Instance } from './instance.ts';

/** An instance and until when its lease runs (monotonic milliseconds; moves later with every renewal). */
export interface LeasedInstance {
  readonly instance: Instance;
  readonly deadlineMs: number;
  /** Its lease has ended, and the guard keeps it: it may be there, and we may be what is cut off. */
  readonly isSuspect: boolean;
}

/** The addresses of an app whose records of type A are these and nothing more. Valid until the next are asked for. */
export interface PlainHosts {
  readonly count: number;
  /** IPv4 addresses as numbers (see ip.ts), the first `count`; no two are equal. */
  readonly hosts: Int32Array;
  /** Of all of them. */
  readonly ttlSeconds: number;
  /** An answer with all of them is served now, which the view remembers. */
  served(nowMs: number): void;
  /** The same of one that may be served again until the app changes; its record is the only open one. */
  kept(nowMs: number): ServeRecord;
}

/** A known app: it has at least one instance, whatever its status. */
export interface AppView {
  readonly env: string;
  readonly appid: string;
  /** Equal numbers mean equal data. It moves with every change, once more when the last instance leaves. */
  readonly revision: number;
  /** In order of registration. */
  instances(): Iterable<LeasedInstance>;
  /** The instance that has this DNS label. */
  byLabel(label: string): LeasedInstance | undefined;
  /** Addresses of all its instances; only of a view that counts them. */
  readonly addressCount?: number;
  /** The number under which a view keeps an instance, for as long as it is there; only of a view that numbers them. */
  rowOf?(label: string): number;
  atRow?(row: number): LeasedInstance;
  /**
   * Where all instances that take traffic have one IPv4 address each, the same weight, priority and TTL, and leases that are
   * open, and there are a few of them; undefined otherwise. Only of a view that has them at hand as numbers.
   */
  plainHosts?(): PlainHosts | undefined;
  /** What hashes of its labels begin with, and whether a label has this hash; only of a view that finds instances so. */
  readonly labelSeed?: number;
  hasLabelHash?(hash: number): boolean;
}

/** What is known at an env and text. */
export interface KnownName {
  /** Undefined: only longer names end in it. */
  readonly app: AppView | undefined;
  /** The apps whose names end in it, its own with them: at least one. */
  readonly count: number;
}

/** Instances by address: its canonical text. */
export interface HostsView {
  /** None: undefined. */
  at(host: string): Iterable<Instance> | undefined;
  /** How many; two means two or more. */
  count(host: string): 0 | 1 | 2;
}

export interface RegistryView {
  /** The registry's own counter: +1 per change. It is the serial of the zone. */
  readonly revision: number;
  /**
   * Equal numbers mean equal data, and deadlines that have moved to later times at most. A copy, which learns
   * deadlines late, moves it also when one turns out to be earlier than it thought.
   */
  readonly version: number;
  /**
   * What is known at `appid` (canonical, or any text) in `env`: an app, or `'within'` where only longer names end in
   * it (`acme` when `com.acme` is registered; `''` is the env itself).
   */
  at(env: string, appid: string): AppView | 'within' | undefined;
  /**
   * What is known at the env and text of this hash (see Catalogue), or at others whose hash is the same; undefined: nothing is.
   * Only of a view that knows its hashes.
   */
  knownWithHash?(hash: number): KnownName | undefined;
  /** Why the guard keeps a suspect, in words; '' for others. Slower than the rest: once an answer. */
  whySuspect?(leased: LeasedInstance): string;
  /** Only of a view that finds instances by their addresses as well. */
  readonly hosts?: HostsView;
  /** The apps of an env, in no particular order. Long: not for the serving path without a limit. */
  apps(env: string): Iterable<Pick<AppView, 'appid'>>;
}
