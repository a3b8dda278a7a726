// The instances of a replica in rows of numbers outside the JavaScript heap (see packed/number-rows.ts): a million of
// them as objects cost the thread, and all answers, pauses of a tenth of a second whenever V8 looks through its heap.
// The rows of an app are a ring in the order of their arrival, and so are those at one address: the app, or the first of
// the address, knows one of them. Instances are found by app and label, and by address.
// Most instances are plain: one IPv4 address, their id as their label, no checks. Others are objects
// beside the row, and their addresses in an index of objects.
// Limits: 2^32 rows and apps.

import { CompactInstance, type Neighbour, type Profile } from '../../model/compact-instance.ts';
import type { Instance } from '../../model/instance.ts';
import { ipv4ToNumber } from '../../model/ip.ts';
import type { AppKey } from '../../model/names.ts';
import type { HostsView } from '../../model/view.ts';
import { LabelStore } from '../../runtime/packed/label-store.ts';
import { NumberRows } from '../../runtime/packed/number-rows.ts';
import { RowIndex } from '../../runtime/packed/row-index.ts';
import { ShardedMap } from '../../runtime/sharded-map.ts';
import { hashStart, mixed, textHash } from '../../runtime/text-hash.ts';
import { HostInstances } from '../services/host-instances.ts';
import { SharedParts } from './shared-parts.ts';

/** An app's rows. */
export interface AppRows {
  /** Shared by its instances. */
  readonly place: AppKey;
  /** Set by the table, while the app has rows. */
  number: number;
  /** The row that arrived last; -1: there is none. */
  last: number;
}

const NEXT = 0;
const PREVIOUS = 1;
const APP = 2;
const LABEL = 3;
/** The profile's number, or `irregular`. */
const PROFILE = 4;
const HOST = 5;
/** A port number, or above those the number of a list of some. */
const PORT = 6;
const NEXT_AT_HOST = 7;
const PREVIOUS_AT_HOST = 8;
const fieldCount = 9;

const irregular = 2 ** 32 - 1;
const lists = 2 ** 16;

type Plain = CompactInstance & { readonly names: string; readonly hosts: number };

export class InstanceTable implements HostsView {
  readonly #rows = new NumberRows(fieldCount);
  /** The first row without an instance, which knows the next. */
  #free = -1;
  readonly #apps: (AppRows | undefined)[] = [];
  readonly #freeApps: number[] = [];
  readonly #labels = new LabelStore();
  readonly #profiles = new SharedParts<Profile>();
  readonly #lists = new SharedParts<readonly number[]>();
  readonly #irregular = new ShardedMap<CompactInstance, number>();
  readonly #irregularHosts = new HostInstances();
  readonly #byLabel = new RowIndex((row) =>
    mixed(this.#labels.hash(this.#get(row, LABEL), appHash(this.#get(row, APP)))),
  );
  readonly #byHost = new RowIndex((row) => mixed(this.#get(row, HOST)));
  /** The row that was written last. */
  #latest = -1;

  /** The row of an instance; -1: it is not there. */
  find({ number, last }: AppRows, label: string): number {
    if (last < 0) return -1;
    const isIt = (row: number) => this.#get(row, APP) === number && this.#labels.is(this.#get(row, LABEL), label);
    return this.#byLabel.find(mixed(textHash(label, appHash(number))), isIt);
  }

  /** A row as an immutable value. */
  instance(row: number): CompactInstance {
    const profile = this.#get(row, PROFILE);
    if (profile === irregular) return this.#irregular.get(row) as CompactInstance;
    const { place } = this.#apps[this.#get(row, APP)] as AppRows;
    return new CompactInstance(place, {
      names: this.#label(row),
      // With its sign again.
      hosts: this.#get(row, HOST) | 0,
      ports: this.#ports(row),
      profile: this.#profiles.get(profile),
    });
  }

  /** The rows of an app, in the order of their arrival. */
  of({ last }: AppRows): number[] {
    const rows: number[] = [];
    for (let row = last; last >= 0; ) {
      row = this.#get(row, NEXT);
      rows.push(row);
      if (row === last) break;
    }
    return rows;
  }

  /** In the order of their arrival, irregular ones first. */
  at(host: string): Instance[] | undefined {
    const found = [...(this.#irregularHosts.at(host) ?? [])];
    const number = ipv4ToNumber(host);
    const first = number === undefined ? -1 : this.#firstAt(number >>> 0);
    for (let row = first; row >= 0; ) {
      found.push(this.instance(row));
      row = this.#get(row, NEXT_AT_HOST);
      if (row === first) break;
    }
    return found.length === 0 ? undefined : found;
  }

  count(host: string): 0 | 1 | 2 {
    const number = ipv4ToNumber(host);
    const first = number === undefined ? -1 : this.#firstAt(number >>> 0);
    const others = this.#irregularHosts.count(host);
    if (first < 0) return others;
    return others === 0 && this.#get(first, NEXT_AT_HOST) === first ? 1 : 2;
  }

  /** Whose profile a new instance of the app may share: that of the one before it, and of the latest of all. */
  neighbours({ last }: AppRows): Neighbour[] {
    return [last, this.#latest].filter((row) => row >= 0).map((row) => this.#neighbour(row));
  }

  /** Adds an instance of the app, or puts it in the place of the one in `row`; answers the row. */
  put(app: AppRows, instance: CompactInstance, row = -1): number {
    const beside = [app.last, this.#latest].filter((other) => other >= 0);
    const profiles = beside.map((other) => this.#get(other, PROFILE));
    const listsBeside = beside.map((other) => this.#get(other, PORT) - lists);
    if (row >= 0) this.#forget(row);
    const at = row >= 0 ? row : this.#join(app, instance.label);
    this.#latest = at;
    if (!isPlain(instance)) {
      this.#set(at, PROFILE, irregular);
      this.#irregular.set(at, instance);
      this.#irregularHosts.add(instance);
      return at;
    }
    const { hosts, ports, profile } = instance;
    this.#set(at, PROFILE, this.#profiles.add(profile, profiles));
    this.#set(at, PORT, typeof ports === 'number' ? ports : lists + this.#lists.add(ports, listsBeside));
    this.#joinHost(at, hosts >>> 0);
    return at;
  }

  /** Takes an instance of the app out; its row may soon be another's. */
  delete(app: AppRows, row: number): void {
    this.#forget(row);
    this.#byLabel.delete(row);
    this.#labels.delete(this.#get(row, LABEL));
    const [next, previous] = [this.#get(row, NEXT), this.#get(row, PREVIOUS)];
    this.#set(next, PREVIOUS, previous);
    this.#set(previous, NEXT, next);
    if (app.last === row) app.last = previous === row ? -1 : previous;
    if (app.last < 0) {
      this.#apps[app.number] = undefined;
      this.#freeApps.push(app.number);
    }
    if (this.#latest === row) this.#latest = -1;
    this.#set(row, NEXT, this.#free + 1);
    this.#free = row;
  }

  #neighbour(row: number): Neighbour {
    const profile = this.#get(row, PROFILE);
    if (profile === irregular) return this.#irregular.get(row) as CompactInstance;
    return { ports: this.#ports(row), profile: this.#profiles.get(profile) };
  }

  /** Precondition: the row is plain. */
  #ports(row: number): Neighbour['ports'] {
    const port = this.#get(row, PORT);
    return port < lists ? port : this.#lists.get(port - lists);
  }

  /** A row after the others of the app. */
  #join(app: AppRows, label: string): number {
    if (app.last < 0) {
      app.number = this.#freeApps.pop() ?? this.#apps.length;
      this.#apps[app.number] = app;
    }
    const row = this.#free < 0 ? this.#rows.add() : this.#free;
    if (row === this.#free) this.#free = this.#get(row, NEXT) - 1;
    this.#set(row, APP, app.number);
    this.#set(row, LABEL, this.#labels.add(label));
    this.#byLabel.add(row);
    const next = app.last < 0 ? row : this.#get(app.last, NEXT);
    const previous = app.last < 0 ? row : app.last;
    this.#link(previous, row, next, NEXT, PREVIOUS);
    app.last = row;
    return row;
  }

  #joinHost(row: number, host: number): void {
    const first = this.#firstAt(host);
    this.#set(row, HOST, host);
    if (first < 0) this.#byHost.add(row);
    const next = first < 0 ? row : first;
    const previous = first < 0 ? row : this.#get(first, PREVIOUS_AT_HOST);
    this.#link(previous, row, next, NEXT_AT_HOST, PREVIOUS_AT_HOST);
  }

  /** All of a row but its app and label. */
  #forget(row: number): void {
    const profile = this.#get(row, PROFILE);
    if (profile === irregular) {
      this.#irregularHosts.delete(this.#irregular.get(row) as CompactInstance);
      this.#irregular.delete(row);
      return;
    }
    this.#profiles.delete(profile);
    const port = this.#get(row, PORT);
    if (port >= lists) this.#lists.delete(port - lists);
    const next = this.#get(row, NEXT_AT_HOST);
    const previous = this.#get(row, PREVIOUS_AT_HOST);
    if (next === row) this.#byHost.delete(row);
    else if (this.#firstAt(this.#get(row, HOST)) === row) this.#byHost.replace(row, next);
    this.#set(next, PREVIOUS_AT_HOST, previous);
    this.#set(previous, NEXT_AT_HOST, next);
  }

  #link(previous: number, row: number, next: number, nextField: number, previousField: number): void {
    this.#set(row, nextField, next);
    this.#set(row, previousField, previous);
    this.#set(previous, nextField, row);
    this.#set(next, previousField, row);
  }

  #firstAt(host: number): number {
    return this.#byHost.find(mixed(host), (row) => this.#get(row, HOST) === host);
  }

  #label(row: number): string {
    return this.#labels.get(this.#get(row, LABEL));
  }

  #get(row: number, field: number): number {
    return this.#rows.get(row, field);
  }

  #set(row: number, field: number, value: number): void {
    this.#rows.set(row, field, value);
  }
}

function isPlain(instance: CompactInstance): instance is Plain {
  const { names, hosts, profile } = instance;
  return (
    typeof names === 'string' &&
    typeof hosts === 'number' &&
    profile.health === undefined &&
    profile.override === undefined
  );
}

/** What labels of an app are hashed together with. */
function appHash(app: number): number {
  return mixed(app) ^ hashStart;
}
