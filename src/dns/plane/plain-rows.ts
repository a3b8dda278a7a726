// The addresses of an app of few instances, read off their rows: where each that takes traffic has one IPv4 address and all
// have the same weight, priority and TTL, these are all that an answer of type A needs, and no instance is made an object,
// no address a text. Anything else is left to those who look at each instance.
// One for a replica, used again for each answer. Limits: `plainRowsMax` instances.

import type { ServeRecord } from '../../model/answers-held.ts';
import type { PlainHosts } from '../../model/view.ts';
import type { RowTimes } from '../../runtime/packed/row-times.ts';
import { type InstanceRows, ipv4Bit, ttlMask, upBit } from './instance-rows.ts';

/** An app, with the record of the answer with its addresses that may be served again. */
export interface KeptApp {
  kept: ServeRecord | undefined;
}

/** More records hardly fit a datagram to a client without EDNS. */
const plainRowsMax = 24;

export class PlainRows implements PlainHosts {
  readonly rowsMax = plainRowsMax;
  readonly hosts = new Int32Array(plainRowsMax);
  count = 0;
  readonly #rowOf = new Int32Array(plainRowsMax);
  #app: KeptApp | undefined;
  #ttlWord = 0;
  #rank = 0;
  readonly #rows: InstanceRows;
  readonly #answered: RowTimes;

  /** `answered`: when answers led to rows. */
  constructor(rows: InstanceRows, answered: RowTimes) {
    this.#rows = rows;
    this.#answered = answered;
  }

  get ttlSeconds(): number {
    return this.#ttlWord & ttlMask;
  }

  begin(app: KeptApp): void {
    this.#app = app;
    this.count = 0;
  }

  /** False: its app has to be looked at more closely. */
  add(row: number): boolean {
    const rows = this.#rows;
    const ttlWord = rows.ttlWord(row);
    // It takes no traffic.
    if (ttlWord < upBit) return true;
    const { count, hosts } = this;
    if (count === plainRowsMax || rows.hostKind(row) !== ipv4Bit) return false;
    const rank = rows.rank(row);
    if (count === 0) {
      this.#ttlWord = ttlWord;
      this.#rank = rank;
    } else if (ttlWord !== this.#ttlWord || rank !== this.#rank) return false;
    const host = rows.host(row) | 0;
    // Two at one address are one record, with the weight of both.
    for (let other = 0; other < count; other++) if (hosts[other] === host) return false;
    hosts[count] = host;
    this.#rowOf[count] = row;
    this.count = count + 1;
    return true;
  }

  served(nowMs: number): void {
    for (let at = 0; at < this.count; at++) this.#answered.set(this.#rowOf[at] as number, nowMs);
  }

  kept(nowMs: number): ServeRecord {
    const app = this.#app as KeptApp;
    if (app.kept !== undefined) app.kept.isOpen = false;
    app.kept = { lastServedMs: nowMs, isOpen: true };
    return app.kept;
  }
}
