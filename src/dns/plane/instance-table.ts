// The instances as one DNS thread knows them: its own indexes over rows that all threads share (instance-rows.ts). The rows
// of an app are a ring in the order of their arrival, and so are those at one address: the app, or the index, knows one of
// them. Instances are found by app and label, and by address. All of it is numbers outside the JavaScript heap: a million
// instances as objects cost the thread, and all answers, pauses of a tenth of a second whenever V8 looks through its heap.
// An index is as far as this thread has applied changes, whatever the main thread has written since.
// Limits: 2^24 - 1 rows.

import type { CompactInstance } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import { ipv4ToNumber } from '../../model/ip.ts';
import type { AppKey } from '../../model/names.ts';
import type { HostsView } from '../../model/view.ts';
import { HashedRows } from '../../runtime/packed/hashed-rows.ts';
import { RowIndex } from '../../runtime/packed/row-index.ts';
import { RowRings } from '../../runtime/packed/row-rings.ts';
import { mixed, textHash } from '../../runtime/text-hash.ts';
import { hostsOf } from '../services/apps/host-instances.ts';
import { type InstanceRows, ipv4Bit, ipv6Bit, labelHash } from './instance-rows.ts';

/** An app's rows; it is the place of its instances. */
export interface AppRows extends AppKey {
  readonly number: number;
  /** The row that arrived last; -1: there is none. */
  last: number;
}

/** Instances with several addresses, or another id than their label, that are kept as objects: they take longest to read. */
const keptMax = 4096;

export class InstanceTable<App extends AppRows = AppRows> implements HostsView {
  readonly #rows: InstanceRows;
  readonly #appOf: (number: number) => App;
  readonly #ofApp = new RowRings();
  readonly #byLabel = new RowIndex((row) => this.#rows.hash(row));
  /** Of rows with one host: the first at it, which is in a ring with the others. */
  readonly #byHost = new RowIndex((row) => this.#hostHash(row));
  readonly #atHost = new RowRings();
  /** Of rows with several. */
  readonly #bySeveralHosts = new HashedRows();

  readonly #kept: (CompactInstance | undefined)[] = [];
  readonly #keptRows = new Int32Array(keptMax).fill(-1);

  /** `appOf`: an app that has rows, by its number. */
  constructor(rows: InstanceRows, appOf: (number: number) => App) {
    this.#rows = rows;
    this.#appOf = appOf;
  }

  /** The row of an instance; -1: it is not there. */
  find({ number, last }: AppRows, label: string): number {
    if (last < 0) return -1;
    const hash = labelHash(number, label);
    return this.#byLabel.find(hash, (row) => this.#rows.is(row, number, label, hash));
  }

  /** Whether an instance has this hash of app and label. */
  hasHash(hash: number): boolean {
    return this.#byLabel.hasHash(hash);
  }

  has(row: number): boolean {
    return this.#byLabel.has(row);
  }

  /** The row of the instance that another row is of, too. */
  findLike(row: number): number {
    return this.#byLabel.find(this.#rows.hash(row), (other) => other === row || this.#rows.isSame(other, row));
  }

  /** A row as an immutable value. */
  instance(row: number): CompactInstance {
    const place = row % keptMax;
    if (this.#keptRows[place] === row) return this.#kept[place] as CompactInstance;
    return this.#rows.instance(row, this.#appOf(this.#rows.app(row)));
  }

  /** The same, of a row that is likely to be read again soon. */
  read(row: number): CompactInstance {
    const instance = this.instance(row);
    if (this.#rows.hasMore(row)) {
      const place = row % keptMax;
      while (this.#kept.length <= place) this.#kept.push(undefined);
      this.#kept[place] = instance;
      this.#keptRows[place] = row;
    }
    return instance;
  }

  /** The row of the same app that arrived after a row; after the last one, the first. */
  next(row: number): number {
    return this.#ofApp.next(row);
  }

  /** The rows of an app, in the order of their arrival. */
  of({ last }: AppRows): number[] {
    const rows: number[] = [];
    for (let row = last; last >= 0; ) {
      row = this.#ofApp.next(row);
      rows.push(row);
      if (row === last) break;
    }
    return rows;
  }

  /** Those with several hosts first. */
  at(host: string): Instance[] | undefined {
    const found: Instance[] = this.#withSeveral(host);
    const first = this.#firstAt(host);
    for (let row = first; row >= 0; ) {
      found.push(this.read(row));
      row = this.#atHost.next(row);
      if (row === first) break;
    }
    return found.length === 0 ? undefined : found;
  }

  count(host: string): 0 | 1 | 2 {
    const first = this.#firstAt(host);
    if (first >= 0 && !this.#atHost.isAlone(first)) return 2;
    const others = this.#withSeveral(host, 2).length;
    return Math.min(2, others + (first < 0 ? 0 : 1)) as 0 | 1 | 2;
  }

  /** Adds a row of an app. Precondition: no row of its instance is there. */
  add(app: App, row: number): void {
    if (app.last >= 0) this.#ofApp.join(row, app.last);
    app.last = row;
    this.#byLabel.add(row);
    this.#joinHosts(row);
  }

  /** Puts a row in the place of the one that its instance had. */
  replace(app: App, before: number, row: number): void {
    this.#leaveHosts(before);
    this.#ofApp.replace(before, row);
    if (app.last === before) app.last = row;
    this.#byLabel.replace(before, row);
    this.#forget(before);
    this.#joinHosts(row);
  }

  /** Takes a row out. */
  delete(app: App, row: number): void {
    this.#leaveHosts(row);
    this.#byLabel.delete(row);
    const before = this.#ofApp.leave(row);
    this.#forget(row);
    if (app.last === row) app.last = before === row ? -1 : before;
  }

  #joinHosts(row: number): void {
    if (this.#rows.hostKind(row) === 0) {
      for (const hash of this.#hashesOfHosts(row)) this.#bySeveralHosts.add(hash, row);
      return;
    }
    const first = this.#byHost.find(this.#hostHash(row), (other) => this.#isAtSame(other, row));
    if (first < 0) this.#byHost.add(row);
    // Behind the last one.
    else this.#atHost.join(row, this.#atHost.previous(first));
  }

  /** The row is no more of this table: its number may soon be another's. */
  #forget(row: number): void {
    const place = row % keptMax;
    if (this.#keptRows[place] !== row) return;
    this.#keptRows[place] = -1;
    this.#kept[place] = undefined;
  }

  #leaveHosts(row: number): void {
    if (this.#rows.hostKind(row) === 0) {
      for (const hash of this.#hashesOfHosts(row)) this.#bySeveralHosts.delete(hash, row);
      return;
    }
    const next = this.#atHost.next(row);
    if (next === row) this.#byHost.delete(row);
    else if (this.#byHost.find(this.#hostHash(row), (other) => this.#isAtSame(other, row)) === row)
      this.#byHost.replace(row, next);
    this.#atHost.leave(row);
  }

  /** Each once. */
  #hashesOfHosts(row: number): ReadonlySet<number> {
    return new Set(Array.from(hostsOf(this.instance(row)), hashOfText));
  }

  #withSeveral(host: string, max = Number.POSITIVE_INFINITY): CompactInstance[] {
    const found: CompactInstance[] = [];
    for (const row of this.#bySeveralHosts.under(hashOfText(host))) {
      const instance = this.instance(row);
      if (instance.addrs.some((address) => address.host === host) && found.push(instance) === max) break;
    }
    return found;
  }

  /** The first row that has this host alone; -1: there is none. */
  #firstAt(host: string): number {
    const ipv4 = ipv4ToNumber(host);
    const number = (ipv4 ?? textHash(host)) >>> 0;
    const kind = ipv4 === undefined ? ipv6Bit : ipv4Bit;
    return this.#byHost.find(mixed(number), (row) => {
      if (this.#rows.host(row) !== number || this.#rows.hostKind(row) !== kind) return false;
      return kind === ipv4Bit || this.instance(row).hosts === host;
    });
  }

  #isAtSame(row: number, other: number): boolean {
    const rows = this.#rows;
    if (row === other) return true;
    if (rows.host(row) !== rows.host(other) || rows.hostKind(row) !== rows.hostKind(other)) return false;
    return rows.hostKind(row) === ipv4Bit || this.instance(row).hosts === this.instance(other).hosts;
  }

  #hostHash(row: number): number {
    return mixed(this.#rows.host(row));
  }
}

function hashOfText(host: string): number {
  return mixed(textHash(host));
}
