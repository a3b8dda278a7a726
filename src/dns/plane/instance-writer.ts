// Writes the instances of the registry into rows for the DNS threads (instance-rows.ts), in the main thread. It finds the
// row of an instance again by app and label: all that it keeps beside the rows themselves is an index of some seven octets
// an instance, and an object an app.
// A row that is not wanted any more is retired, together with what came with the same message, and freed when every thread
// that reads has applied that message. Its label goes with it; its profile and its app when no row has them.
// Limits: 2^24 - 1 rows (row-index.ts), in use and retired.

import { CompactInstance, compactInstance, type Profile } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import type { AppKey } from '../../model/names.ts';
import { type Hashed, HashTable } from '../../runtime/hash-table.ts';
import { BlockStore } from '../../runtime/packed/block-store.ts';
import { RowIndex } from '../../runtime/packed/row-index.ts';
import { RowStore } from '../../runtime/packed/shared-rows.ts';
import { appHash, textHash } from '../../runtime/text-hash.ts';
import {
  field,
  fieldCount,
  hostsKind,
  InstanceRows,
  ipv4Bit,
  ipv6Bit,
  labelHash,
  moreBit,
  type ProfileText,
  portsKind,
  profileHeadOctets,
  profileWord,
  rankOf,
  sizeOctets,
  type TableMemory,
  type TablePage,
  upBit,
} from './instance-rows.ts';

/** A profile that was written, and where. */
interface WrittenProfile {
  readonly profile: Profile;
  readonly number: number;
  readonly serial: number;
}

interface App extends Hashed, AppKey {
  readonly number: number;
  /** In use and retired. */
  rows: number;
  /** Of the row that was written last: the next one may have it too. */
  latest: WrittenProfile | undefined;
}

/** Rows that went out of use with one message. */
interface Retired {
  readonly sequence: number;
  readonly rows: readonly number[];
}

/** The longest label record: 32 addresses with a host name each. */
const scratch = Buffer.alloc(16_384);

export class InstanceWriter {
  readonly #rows: RowStore;
  readonly #appTexts: RowStore;
  readonly #octets: BlockStore;
  /** Apart, so that what is at the place of one is another one, or free: see `#known`. */
  readonly #profiles: BlockStore;
  readonly #reader: InstanceRows;
  readonly #apps = new HashTable<App, string, string>((app, appid, env) => app.appid === appid && app.env === env);
  /** By number. */
  readonly #appsByNumber: (App | undefined)[] = [];
  readonly #byLabel = new RowIndex((row) => this.#reader.hash(row));
  #latest: WrittenProfile | undefined;
  /** The one that was looked up last: fleets come app by app. */
  #lastApp: App | undefined;
  #serial = 0;
  #size = 0;
  /** In the order of their messages. */
  readonly #retired: Retired[] = [];
  #retiredRows = 0;

  /** `added`: called with a page before anything in it is named. */
  constructor(added: (page: TablePage) => void) {
    this.#reader = new InstanceRows({ rows: [], apps: [], octets: [], profiles: [] });
    const addedTo = (of: keyof TableMemory) => (memory: SharedArrayBuffer) => {
      this.#reader.add({ of, memory });
      added({ of, memory });
    };
    this.#rows = new RowStore(fieldCount, addedTo('rows'));
    this.#appTexts = new RowStore(1, addedTo('apps'));
    this.#octets = new BlockStore(addedTo('octets'));
    this.#profiles = new BlockStore(addedTo('profiles'));
  }

  /** The pages, for a thread that starts. */
  get memory(): TableMemory {
    const [rows, apps] = [this.#rows, this.#appTexts];
    return {
      rows: [...rows.memory],
      apps: [...apps.memory],
      octets: [...this.#octets.memory],
      profiles: [...this.#profiles.memory],
    };
  }

  /** Rows of instances that are there. */
  get size(): number {
    return this.#size;
  }

  /** Rows that are not, and that a thread may still read. */
  get retired(): number {
    return this.#retiredRows;
  }

  /** The row of an instance; -1: there is none. */
  find({ env, appid, label }: Pick<Instance, 'env' | 'appid' | 'label'>): number {
    const app = this.#app(env, appid);
    return app === undefined ? -1 : this.#find(app, label);
  }

  /**
   * Writes an instance into a row of its own. `isKnown`: false where it has none yet. `replaced`: the row that it had,
   * which is to be retired; -1: none.
   */
  put(instance: Instance, isKnown = true): { readonly row: number; readonly replaced: number } {
    const { env, appid, label } = instance;
    const app = this.#app(env, appid) ?? this.#addApp(env, appid);
    const replaced = isKnown ? this.#find(app, label) : -1;
    const row = this.#write(app, instance);
    if (replaced >= 0) this.#byLabel.replace(replaced, row);
    else {
      this.#byLabel.add(row);
      this.#size++;
    }
    return { row, replaced };
  }

  /** The row that an instance had, which is to be retired; -1: none. */
  remove(instance: Pick<Instance, 'env' | 'appid' | 'label'>): number {
    const row = this.find(instance);
    if (row < 0) return row;
    this.#byLabel.delete(row);
    this.#size--;
    return row;
  }

  /** Rows that no message after this one names. Sequences go up. */
  retire(rows: readonly number[], sequence: number): void {
    if (rows.length === 0) return;
    this.#retired.push({ sequence, rows });
    this.#retiredRows += rows.length;
  }

  /** Frees what was retired with messages that `isRead`: every thread has applied them. */
  free(isRead: (sequence: number) => boolean): void {
    let count = 0;
    for (const { sequence, rows } of this.#retired) {
      if (!isRead(sequence)) break;
      count++;
      for (const row of rows) this.#freeRow(row);
      this.#retiredRows -= rows.length;
    }
    if (count > 0) this.#retired.splice(0, count);
  }

  #app(env: string, appid: string): App | undefined {
    const last = this.#lastApp;
    if (last !== undefined && last.appid === appid && last.env === env) return last;
    const app = this.#apps.find(appHash(env, appid), appid, env);
    this.#lastApp = app;
    return app;
  }

  #find(app: App, label: string): number {
    const { number } = app;
    const hash = labelHash(number, label);
    return this.#byLabel.find(hash, (row) => this.#reader.is(row, number, label, hash));
  }

  #addApp(env: string, appid: string): App {
    const number = this.#appTexts.take();
    const octets = 2 + env.length + appid.length;
    const place = this.#octets.take(octets);
    const page = this.#octets.pages.page(place);
    const at = this.#octets.pages.offset(place);
    page[at] = env.length;
    page[at + 1] = appid.length;
    page.write(env, at + 2, 'latin1');
    page.write(appid, at + 2 + env.length, 'latin1');
    this.#appTexts.rows.set(number, 0, place);
    const app = { hash: appHash(env, appid), env, appid, number, rows: 0, latest: undefined };
    this.#apps.add(app);
    while (this.#appsByNumber.length <= number) this.#appsByNumber.push(undefined);
    this.#appsByNumber[number] = app;
    return app;
  }

  #write(app: App, instance: Instance): number {
    const compact =
      instance instanceof CompactInstance
        ? instance
        : compactInstance(app, instance.instance, instance.label, instance, [], instance);
    const { names, hosts, ports, profile } = compact;
    const row = this.#rows.take();
    const { rows } = this.#rows;
    app.rows++;
    rows.set(row, field.app, app.number);
    rows.set(row, field.hash, labelHash(app.number, compact.label));
    rows.set(row, field.profile, this.#profile(app, profile));
    const isPlain = typeof names === 'string' && typeof hosts === 'number' && typeof ports === 'number';
    rows.set(row, field.label, isPlain ? this.#label(compact.label) : this.#more(compact));
    const isIpv6 = typeof hosts === 'string' && profile.services[0]?.family === 6;
    rows.set(row, field.host, isIpv6 ? textHash(hosts) : typeof hosts === 'number' ? hosts : 0);
    const hostBit = isIpv6 ? ipv6Bit : typeof hosts === 'number' ? ipv4Bit : 0;
    rows.set(row, field.port, (typeof ports === 'number' ? ports : 0) | hostBit | (isPlain ? 0 : moreBit));
    return row;
  }

  #label(label: string): number {
    const number = this.#octets.take(1 + label.length);
    const page = this.#octets.pages.page(number);
    const at = this.#octets.pages.offset(number);
    page[at] = label.length;
    for (let index = 0; index < label.length; index++) page[at + 1 + index] = label.charCodeAt(index);
    return number;
  }

  #more({ names, label, hosts, ports, profile }: CompactInstance): number {
    let at = 0;
    // Hosts and labels are ASCII, ids anything.
    const text = (value: string) => {
      const octets = scratch.write(value, at + 1, 'utf8');
      scratch[at] = octets;
      at += 1 + octets;
    };
    text(label);
    at += sizeOctets;
    text(typeof names === 'string' ? '' : names[0]);
    scratch[at++] =
      typeof hosts === 'number' ? hostsKind.inRow : typeof hosts === 'string' ? hostsKind.one : hostsKind.each;
    scratch[at++] = typeof ports === 'number' ? portsKind.inRow : portsKind.each;
    scratch[at++] = profile.services.length;
    if (typeof hosts === 'string') text(hosts);
    else if (typeof hosts !== 'number') for (const host of hosts) text(host);
    if (typeof ports !== 'number') for (const port of ports) at = scratch.writeUInt16LE(port, at);
    scratch.writeUInt16LE(at, 1 + label.length);
    const number = this.#octets.take(at);
    scratch.copy(this.#octets.pages.page(number), this.#octets.pages.offset(number), 0, at);
    return number;
  }

  /** The number of a profile, for one more row. Instances that are alike have one object: see compact-instance.ts. */
  #profile(app: App, profile: Profile): number {
    const written =
      this.#known(app.latest, profile) ?? this.#known(this.#latest, profile) ?? this.#writeProfile(profile);
    app.latest = written;
    this.#latest = written;
    const { number } = written;
    const { pages } = this.#profiles;
    pages.setWord(number, profileWord.uses, pages.word(number, profileWord.uses) + 1);
    return number;
  }

  #writeProfile(profile: Profile): WrittenProfile {
    const text = Buffer.from(textOf(profile), 'utf8');
    const { pages } = this.#profiles;
    const number = this.#profiles.take(profileHeadOctets + text.length);
    // 0 is that of a profile that is gone.
    this.#serial = (this.#serial % (2 ** 32 - 1)) + 1;
    pages.setWord(number, profileWord.serial, this.#serial);
    pages.setWord(number, profileWord.uses, 0);
    pages.setWord(number, profileWord.length, text.length);
    pages.setWord(number, profileWord.ttl, profile.dnsTtl + (profile.status === 'up' ? upBit : 0));
    pages.setWord(number, profileWord.rank, rankOf(profile));
    text.copy(pages.page(number), pages.offset(number) + profileHeadOctets);
    return { profile, number, serial: this.#serial };
  }

  /** What was written, if it is this profile and rows still have it. */
  #known(written: WrittenProfile | undefined, profile: Profile): WrittenProfile | undefined {
    if (written?.profile !== profile) return undefined;
    const { number, serial } = written;
    return this.#profiles.pages.word(number, profileWord.serial) === serial ? written : undefined;
  }

  #freeRow(row: number): void {
    const { rows } = this.#rows;
    const label = rows.get(row, field.label);
    const page = this.#octets.pages.page(label);
    const at = this.#octets.pages.offset(label);
    const length = 1 + (page[at] as number);
    const isMore = (rows.get(row, field.port) & moreBit) !== 0;
    this.#octets.give(label, isMore ? page.readUInt16LE(at + length) : length);
    this.#freeProfile(rows.get(row, field.profile));
    const app = this.#appsByNumber[rows.get(row, field.app)] as App;
    this.#rows.give(row);
    if (--app.rows > 0) return;
    this.#apps.delete(app);
    this.#lastApp = undefined;
    this.#appsByNumber[app.number] = undefined;
    this.#octets.give(this.#appTexts.rows.get(app.number, 0), 2 + app.env.length + app.appid.length);
    this.#appTexts.give(app.number);
  }

  #freeProfile(number: number): void {
    const { pages } = this.#profiles;
    const uses = pages.word(number, profileWord.uses) - 1;
    pages.setWord(number, profileWord.uses, uses);
    if (uses > 0) return;
    pages.setWord(number, profileWord.serial, 0);
    this.#profiles.give(number, profileHeadOctets + pages.word(number, profileWord.length));
  }
}

/** What DNS answers with; checks are asked by the main thread alone. */
function textOf(profile: Profile): string {
  const { services, version, zone, group, tags, weight, priority, status, wanted, leaseSeconds, dnsTtl } = profile;
  const { metadata, health, override } = profile;
  const text: ProfileText = {
    services,
    version,
    zone,
    group,
    tags,
    weight,
    priority,
    status,
    wanted,
    leaseSeconds,
    dnsTtl,
    metadata: [...metadata],
    health: health === undefined ? null : { verdict: health.verdict, reason: health.reason },
    override: override ?? null,
  };
  return JSON.stringify(text);
}
