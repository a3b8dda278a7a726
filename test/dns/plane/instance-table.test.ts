// One table for all threads: whatever threads start and end, and however far behind each is, every thread knows exactly the
// instances of the last message that it has applied, in their order, and finds them by label and by address as objects
// would be found. No row is written over that a thread still reads, and none is kept once all have read on.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InstanceFeed } from '../../../src/dns/plane/instance-feed.ts';
import { InstanceRows } from '../../../src/dns/plane/instance-rows.ts';
import { type AppRows, InstanceTable } from '../../../src/dns/plane/instance-table.ts';
import type { MessageContent } from '../../../src/dns/plane/thread-message.ts';
import { applyUpdates } from '../../../src/dns/plane/update.ts';
import { HostInstances } from '../../../src/dns/services/apps/host-instances.ts';
import type { Change } from '../../../src/model/change.ts';
import { type CompactInstance, compactInstance } from '../../../src/model/compact-instance.ts';
import {
  type Instance,
  parseRegistration,
  type Registration,
  registrationToJson,
} from '../../../src/model/instance.ts';

const places = [0, 1, 2].map((at) => ({ env: 'prod', appid: `app${at}` }));
const hosts = ['10.0.0.1', '10.0.0.2', '203.0.113.9', '2001:db8::7', '2001:db8::8', '10.9.9.9', 'elsewhere.example'];

function registrationOf(body: object): Registration {
  return parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
}

function stored(instance: Instance): unknown {
  return { ...registrationToJson(instance), id: instance.instance, label: instance.label, appid: instance.appid };
}

/** By app and label, in the order of arrival. */
type State = ReadonlyMap<string, CompactInstance>;

interface Message {
  readonly sequence: number;
  readonly content: MessageContent;
}

class TableApp implements AppRows {
  readonly env: string;
  readonly appid: string;
  readonly number: number;
  last = -1;

  constructor({ env, appid }: { env: string; appid: string }, number: number) {
    this.env = env;
    this.appid = appid;
    this.number = number;
  }
}

/** A thread that applies messages on demand. */
class Reader {
  readonly rows: InstanceRows;
  readonly table: InstanceTable<TableApp>;
  readonly apps = new Map<number, TableApp>();
  readonly waiting: Message[] = [];
  /** Messages with the instances that were there, which are made while changes go on. */
  starting: Generator<MessageContent> | undefined;
  applied: number;

  constructor(memory: ConstructorParameters<typeof InstanceRows>[0], sequence: number) {
    this.rows = new InstanceRows(memory);
    this.applied = sequence;
    this.table = new InstanceTable(this.rows, (number) => this.apps.get(number) as TableApp);
  }

  step(): void {
    const message = this.waiting.shift();
    if (message === undefined) return;
    const { content, sequence } = message;
    if (content.kind !== 'updates') throw new Error(content.kind);
    for (const page of content.pages) this.rows.add(page);
    applyUpdates(content, {
      put: (row) => this.#put(row),
      remove: (row) => this.#remove(row),
      updateLease: () => {},
      touch: () => {},
    });
    this.applied = sequence;
  }

  #put(row: number): void {
    const number = this.rows.app(row);
    const app = this.apps.get(number) ?? new TableApp(this.rows.place(number), number);
    this.apps.set(number, app);
    const known = app.last < 0 ? -1 : this.table.findLike(row);
    if (known === row) return;
    if (known < 0) this.table.add(app, row);
    else this.table.replace(app, known, row);
  }

  #remove(row: number): void {
    const app = this.apps.get(this.rows.app(row));
    if (app === undefined || this.table.findLike(row) !== row) return;
    this.table.delete(app, row);
    if (app.last < 0) this.apps.delete(app.number);
  }

  /** `isInOrder`: it was there from the beginning. */
  expectToKnow(state: State, isInOrder: boolean): void {
    const all = [...state.values()];
    const sorted = (list: unknown[]) => (isInOrder ? list : list.map((one) => JSON.stringify(one)).sort());
    for (const { env, appid } of places) {
      const own = all.filter((instance) => instance.appid === appid);
      const app = [...this.apps.values()].find((one) => one.appid === appid && one.env === env);
      const known = app === undefined ? [] : this.table.of(app).map((row) => stored(this.table.read(row)));
      expect(sorted(known)).toEqual(sorted(own.map(stored)));
      for (let at = 0; at <= 5; at++) {
        const row = app === undefined ? -1 : this.table.find(app, `one-${at}`);
        expect(row >= 0 ? this.table.instance(row).label : undefined).toBe(state.get(`${appid} one-${at}`)?.label);
      }
    }
    const byHost = new HostInstances();
    for (const instance of all) byHost.add(instance);
    const names = (found: Iterable<Instance> | undefined) =>
      found && Array.from(found, ({ appid, label }) => `${label}.${appid}`).sort();
    for (const host of hosts) {
      expect([host, names(this.table.at(host))]).toEqual([host, names(byHost.at(host))]);
      expect([host, this.table.count(host)]).toEqual([host, byHost.count(host)]);
    }
  }
}

/** The main thread's side: the instances as they are, and as they were with each message. */
class World {
  readonly state = new Map<string, CompactInstance>();
  readonly states = new Map<number, State>([[0, new Map()]]);
  readonly readers: Reader[] = [];
  readonly late = new Set<Reader>();
  posted = 0;
  #latest: CompactInstance | undefined;
  readonly feed = new InstanceFeed({
    post: (content) => {
      this.posted++;
      this.states.set(this.posted, new Map(this.state));
      for (const reader of this.readers) reader.waiting.push({ content, sequence: this.posted });
      return this.posted;
    },
    max: 3,
    isRead: (sequence) => this.readers.every(({ applied }) => applied >= sequence),
    whySuspect: () => '',
  });

  change(app: number, label: string, id: string, body: object | undefined): void {
    const place = places[app] as (typeof places)[number];
    const key = `${place.appid} ${label}`;
    const before = this.state.get(key);
    if (body === undefined) {
      if (before === undefined) return;
      this.state.delete(key);
      this.feed.apply({ before, revision: 1 } as Change);
      return;
    }
    const neighbours = this.#latest === undefined ? [] : [this.#latest];
    const after = compactInstance(place, id, label, registrationOf(body), neighbours);
    this.#latest = after;
    this.state.set(key, after);
    this.feed.apply({ ...(before && { before }), after, revision: 1 } as unknown as Change);
  }

  start(): void {
    const reader = new Reader(this.feed.memory, this.posted);
    this.readers.push(reader);
    if (this.posted > 0) this.late.add(reader);
    const all = function* (state: Map<string, CompactInstance>) {
      for (const instance of state.values()) yield { instance, isSuspect: false, isNearExpiry: false, deadlineMs: 0 };
    };
    reader.starting = this.feed.all(all(this.state), () => 1, 2);
  }

  /** The next of the instances that were there. */
  deliver(reader: Reader): void {
    const content = reader.starting?.next().value;
    if (content === undefined) reader.starting = undefined;
    else reader.waiting.push({ content, sequence: this.posted });
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('change' as const),
      app: fc.nat({ max: 2 }),
      label: fc.nat({ max: 5 }).map((at) => `one-${at}`),
      isIrregular: fc.boolean(),
      isThere: fc.nat({ max: 2 }).map((draw) => draw > 0),
      addrs: fc.constantFrom(
        ['http://10.0.0.1:80'],
        ['http://10.0.0.1:81'],
        ['http://203.0.113.9:80'],
        ['http://10.0.0.2:80', 'grpc://10.0.0.2:90'],
        ['http://10.0.0.1:80', 'grpc://10.0.0.2:90', 'x://10.0.0.1:99'],
        ['http://[2001:db8::7]:80'],
        ['http://[2001:db8::7]:80', 'grpc://[2001:db8::8]:90'],
        ['http://elsewhere.example:80'],
      ),
      version: fc.constantFrom('1', '2', 'ü'.repeat(30)),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('apply' as const),
      reader: fc.nat(),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('deliver' as const), reader: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('start' as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('end' as const), reader: fc.nat() }) },
);

test('knows what objects would, at every place in the order of changes', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const world = new World();
      world.start();
      world.start();
      for (const one of steps) {
        const { readers } = world;
        const reader = 'reader' in one ? readers[one.reader % Math.max(1, readers.length)] : undefined;
        if (one.what === 'change') {
          const id = one.isIrregular ? one.label.toUpperCase() : one.label;
          world.change(one.app, one.label, id, one.isThere ? { addrs: one.addrs, version: one.version } : undefined);
        } else if (one.what === 'flush') world.feed.flush();
        else if (one.what === 'start' && readers.length < 4) world.start();
        else if (reader === undefined) continue;
        else if (one.what === 'end') readers.splice(readers.indexOf(reader), 1);
        else if (one.what === 'deliver') world.deliver(reader);
        else if (one.what === 'apply') {
          for (let times = 0; times < one.count; times++) reader.step();
          // One that was started later is behind the messages until it has heard of all.
          if (!world.late.has(reader)) reader.expectToKnow(world.states.get(reader.applied) as State, true);
        }
      }
      world.feed.flush();
      for (const reader of world.readers) {
        while (reader.starting !== undefined) world.deliver(reader);
        while (reader.waiting.length > 0) reader.step();
        reader.expectToKnow(world.state, !world.late.has(reader));
      }
      world.feed.flush();
      expect(world.feed.rows).toEqual({ used: world.state.size, retired: 0 });
    }),
    { numRuns: 400 },
  );
});

test('what was registered before the first thread is known to every thread, and changes as the rest', () => {
  const world = new World();
  const registration = registrationOf({ addrs: ['http://10.0.0.1:80'] });
  for (const at of [0, 1, 2]) {
    const place = places[at] as (typeof places)[number];
    world.state.set(`${place.appid} one-${at}`, compactInstance(place, `one-${at}`, `one-${at}`, registration));
  }
  world.start();
  world.start();
  const [first, second] = world.readers as [Reader, Reader];
  world.deliver(first);
  world.change(0, 'one-0', 'one-0', { addrs: ['http://10.0.0.2:80'] });
  world.change(1, 'one-1', 'one-1', undefined);
  for (const reader of [first, second]) while (reader.starting !== undefined) world.deliver(reader);
  world.feed.flush();
  for (const reader of [first, second]) {
    while (reader.waiting.length > 0) reader.step();
    reader.expectToKnow(world.state, false);
  }
  world.feed.flush();
  expect([world.feed.rows, world.feed.isOverdue]).toEqual([{ used: 2, retired: 0 }, false]);
});

test('a thread that does not follow is noticed before the rows that it keeps are too many', () => {
  let read = 0;
  let posted = 0;
  const feed = new InstanceFeed({
    post: () => ++posted,
    max: 1,
    isRead: (sequence) => sequence <= read,
    whySuspect: () => '',
    retiredMax: () => 10,
  });
  const instance = (version: string) =>
    compactInstance(places[0] as AppRows, 'a', 'a', registrationOf({ addrs: ['http://10.0.0.1:80'], version }));
  const change = (version: number) => {
    const [before, after] = [instance(`${version - 1}`), instance(`${version}`)];
    feed.apply({ ...(version > 1 && { before }), after, revision: version } as unknown as Change);
  };
  for (let version = 1; version <= 11; version++) change(version);
  expect([feed.rows, feed.isOverdue]).toEqual([{ used: 1, retired: 10 }, false]);
  change(12);
  expect([feed.rows.retired, feed.isOverdue]).toEqual([11, true]);
  // It is gone: nothing reads them.
  read = posted;
  change(13);
  expect([feed.rows.retired, feed.isOverdue]).toEqual([1, false]);
});
