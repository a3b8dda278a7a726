// Any history of the registry, and clients that are cut and come back, stop reading and go on, at any point of it: what a
// client has put together in the end is what the registry holds of it, and it has heard no change twice, nor before DNS
// showed it.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WatchQuery } from '../../../src/http/watch/watch-query.ts';
import { isAbout, watchQuery } from '../../../src/http/watch/watch-query.ts';
import { isSelected } from '../../../src/model/selection/filter.ts';
import { WatchedState } from '../../kit/http/event-stream.ts';
import { everything, FakeStream, ofApps, WatchWorld } from '../../kit/http/watch-world.ts';

const queries: readonly WatchQuery[] = [
  everything,
  ofApps('prod/a'),
  ofApps('prod/a', 'dev/b'),
  watchQuery([], ['prod']),
  watchQuery([{ env: 'dev', appid: 'a' }], ['prod'], { tags: ['x'] }),
  watchQuery([], [], { status: 'up', tags: ['x'] }),
];

/** A client that comes back with what it knows. */
class Client {
  readonly query: WatchQuery;
  readonly #world: WatchWorld;
  readonly #holdsMax: number;
  #stream: FakeStream;
  /** Of the changes heard since it last began anew. */
  #heardTo = 0;
  #checked = 0;

  constructor(world: WatchWorld, query: WatchQuery, holdsMax: number) {
    this.#world = world;
    this.query = query;
    this.#holdsMax = holdsMax;
    this.#stream = this.#connect('', new WatchedState());
  }

  #connect(lastEventId: string, state: WatchedState): FakeStream {
    const stream = new FakeStream(lastEventId, state, this.#holdsMax);
    this.#checked = 0;
    return this.#world.open(this.query, lastEventId === '' ? undefined : Number(lastEventId), stream);
  }

  get state(): WatchedState {
    return this.#stream.state;
  }

  setReading(isReading: boolean): void {
    this.#stream.isReading = isReading;
    if (isReading) this.#stream.read();
    this.check();
  }

  comeBack(): void {
    const { parser, state } = this.#stream;
    this.#stream.destroy();
    const { lastEventId } = parser;
    if (lastEventId === '') this.#heardTo = 0;
    this.#stream = this.#connect(lastEventId, lastEventId === '' ? new WatchedState() : state);
  }

  comeBackIfCut(): void {
    if (this.#stream.destroyed) this.comeBack();
  }

  /** In order, none twice, and in this order: gap, snapshots, changes. */
  check(): void {
    const { events } = this.#stream;
    for (; this.#checked < events.length; this.#checked++) {
      const { event, data } = events[this.#checked] as (typeof events)[number];
      if (event === 'gap') this.#heardTo = 0;
      if (!('matches' in data)) continue;
      const revision = data['revision'] as number;
      if (revision > this.#world.dns.shownTo) throw new Error(`${revision} was sent too early`);
      if (revision <= this.#heardTo) throw new Error(`${event} ${revision} was sent after ${this.#heardTo}`);
      this.#heardTo = revision;
    }
  }
}

const place = fc.constantFrom('a.prod/1', 'a.prod/2', 'a.prod/3', 'b.prod/1', 'a.dev/1', 'b.dev/1', 'c.b.dev/1');
const clientsMax = 6;
const client = fc.nat({ max: clientsMax - 1 });
const fields = fc.record({
  weight: fc.nat({ max: 3 }),
  tags: fc.constantFrom<string[]>([], ['x'], ['y']),
  status: fc.constantFrom('up', 'waiting'),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('register' as const), place, fields) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('cancel' as const), place) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('touch' as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('lapse' as const)) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('turn' as const)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('show' as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('beat' as const)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('pause' as const), client) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('read' as const), client) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('come back' as const), client) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

async function take(world: WatchWorld, clients: readonly Client[], [what, subject, body]: Step): Promise<void> {
  const { harness, registry } = world;
  const one = typeof subject === 'number' ? clients[subject] : undefined;
  if (what === 'register') harness.register(subject, body);
  else if (what === 'cancel') {
    const [, appid = '', env = '', instance = ''] = /^(.*)\.(\w+)\/(.*)$/.exec(subject) ?? [];
    registry.cancel({ env, appid, instance });
  } else if (what === 'touch') registry.touch();
  else if (what === 'lapse') harness.elapse(40_000);
  else if (what === 'turn') world.turn();
  else if (what === 'show') await world.dns.catchUp();
  else if (what === 'beat') world.watchers.beat();
  else if (what === 'come back') one?.comeBack();
  else one?.setReading(what === 'read');
}

/** What the registry holds of a query, as a client knows it: key, revision, weight. */
function expected({ registry }: WatchWorld, query: WatchQuery): string[] {
  return [...registry.apps()].flatMap((app) =>
    [...app.instances()].flatMap(({ instance, revision }) => {
      const isMine =
        isAbout(query, { after: instance } as Parameters<typeof isAbout>[1]) && isSelected(instance, query.selection);
      return isMine ? [`${app.env}/${app.appid}/${instance.instance} ${revision} ${instance.weight}`] : [];
    }),
  );
}

test('every client ends with what the registry holds, and has heard no change twice or too early', async () => {
  const scene = fc.record({
    before: fc.array(place, { maxLength: 7 }),
    // Few of them, so that several clients ask for the same.
    asked: fc.array(fc.constantFrom(...queries), { minLength: 1, maxLength: 3 }),
    steps: fc.array(step, { minLength: 20, maxLength: 120 }),
    changesMax: fc.constantFrom(3, 20, 1000),
    holdsMax: fc.constantFrom(300, 3000, 64 * 1024),
    turnPieces: fc.constantFrom(1, 2, 5),
    lateDns: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ before, asked, steps, changesMax, holdsMax, turnPieces, lateDns }) => {
      const world = new WatchWorld({ changesMax, turnPieces, lateDns });
      for (const one of before) world.harness.register(one);
      await world.dns.catchUp();
      const clients = Array.from({ length: clientsMax }, (_, i) => {
        return new Client(world, asked[i % asked.length] as WatchQuery, holdsMax);
      });
      for (const one of steps) {
        await take(world, clients, one);
        for (const each of clients) each.check();
      }
      await world.dns.catchUp();
      // All read again, and cut streams reconnect, until nothing is left to send.
      for (let round = 0; round < 20; round++) {
        for (const one of clients) one.comeBackIfCut();
        for (const one of clients) one.setReading(true);
        world.settle();
        for (const one of clients) one.check();
      }
      for (const { query, state } of clients) {
        const known = [...state.instances()].map(([key, document]) => {
          const { revision, weight } = document as { revision: number; weight: number };
          return `${key} ${revision} ${weight}`;
        });
        expect([query.key, state.isSynced, known]).toEqual([query.key, true, expected(world, query).sort()]);
      }
    }),
    { numRuns: 300 },
  );
});
