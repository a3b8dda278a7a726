// The latest changes, in order: from here watchers go on where they were, and the flight recorder reads what it keeps
// nowhere else. Bounded twice, by number and by octets; the oldest go first. It begins complete at the revision that the
// registry has when the log is made, so a client that knew exactly that state misses nothing.
// Revisions may have gaps (`registry.touch()`), so a place in the log is "after revision N", whatever N is.

import type { Change } from '../model/change.ts';
import type { Instance } from '../model/instance.ts';

export interface ChangeLogOptions {
  /** Changes kept at most. */
  readonly max: number;
  /** Octets kept at most, as `octetsOf` estimates them; the newest change is kept whatever it takes. */
  readonly octetsMax?: number;
}

/** A hundred thousand ordinary changes take some 100 MB, most of which the registry holds as well. */
const octetsMaxDefault = 128 * 1024 * 1024;
/** The dropped places in front are closed up once there are so many, and more than there are changes. */
const droppedMin = 1024;

export class ChangeLog {
  readonly #registry: { readonly revision: number };
  readonly #max: number;
  readonly #octetsMax: number;
  /** Those from `#first` on are kept; the places before are empty. */
  readonly #changes: (Change | undefined)[] = [];
  #first = 0;
  #octets = 0;
  #completeSince: number;
  #anew: { readonly revision: number; readonly atMs: number } | undefined;
  /** The revision of the registry when the log was made: before it lies another life. */
  readonly beganAt: number;

  constructor(registry: { readonly revision: number }, options: ChangeLogOptions) {
    this.#registry = registry;
    this.#max = Math.max(1, options.max);
    this.#octetsMax = options.octetsMax ?? octetsMaxDefault;
    this.beganAt = registry.revision;
    this.#completeSince = this.beganAt;
  }

  /** The number of changes that are kept. */
  get size(): number {
    return this.#changes.length - this.#first;
  }

  /** What the kept changes take, estimated. */
  get octets(): number {
    return this.#octets;
  }

  /** Every change after this revision is kept. */
  get completeSince(): number {
    return this.#completeSince;
  }

  /** Where changes were missed last, and when by the wall clock; undefined: never. */
  get anew(): { readonly revision: number; readonly atMs: number } | undefined {
    return this.#anew;
  }

  /** A change listener. */
  append(change: Change): void {
    this.#changes.push(change);
    this.#octets += octetsOf(change);
    while (this.size > this.#max || (this.#octets > this.#octetsMax && this.size > 1)) this.#dropOldest();
    if (this.#first >= droppedMin && this.#first > this.size) {
      this.#changes.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** What came before is not known change by change: a client that is not at the present revision has a gap. */
  startAnew(atMs: number): void {
    this.#anew = { revision: this.#registry.revision, atMs };
    this.#changes.length = 0;
    this.#first = 0;
    this.#octets = 0;
    this.#completeSince = this.#registry.revision;
  }

  /**
   * The changes after a revision, oldest first, to be read before the next change. Undefined: a gap, that revision is
   * older than what is kept, or from another run of the registry (above its present one).
   */
  since(revision: number): Iterable<Change> | undefined {
    if (!(revision >= this.#completeSince && revision <= this.#registry.revision)) return undefined;
    return this.#from(this.#placeAfter(revision));
  }

  /** All kept changes, to be read before the next one. */
  *newestFirst(): Generator<Change> {
    for (let at = this.#changes.length - 1; at >= this.#first; at--) yield this.#changes[at] as Change;
  }

  *#from(place: number): Generator<Change> {
    for (let at = place; at < this.#changes.length; at++) yield this.#changes[at] as Change;
  }

  /** Binary search: the place of the first change above `revision`. */
  #placeAfter(revision: number): number {
    let low = this.#first;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle] as Change).revision <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #dropOldest(): void {
    const oldest = this.#changes[this.#first] as Change;
    this.#changes[this.#first] = undefined;
    this.#first++;
    this.#octets -= octetsOf(oldest);
    this.#completeSince = oldest.revision;
  }
}

/** What a change holds in memory, roughly. What was before is mostly shared with the change before. */
function octetsOf(change: Change): number {
  return 512 + instanceOctets(change.after ?? change.before);
}

function instanceOctets(instance: Instance): number {
  const { env, appid, instance: id, label, version, zone, group, tags, addrs, metadata } = instance;
  let octets = 256 + env.length + appid.length + id.length + label.length;
  octets += version.length + zone.length + group.length + addrs.length * 160;
  for (const tag of tags) octets += 32 + tag.length;
  for (const [key, text] of metadata) octets += 64 + key.length + text.length;
  return octets;
}
