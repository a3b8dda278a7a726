// Numbers of a cluster under fast-check: nodes follow one etcd, are cut off, count by themselves, heal, start anew, and
// etcd is wiped. A serial never falls at a node, and equal serials of nodes on course mean equal data.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Epoch,
  firstMeta,
  hasToRaise,
  isDiverged,
  type Meta,
  metaText,
  numberAt,
  parseMeta,
  parsePlace,
  placeIn,
  placeOf,
  placesARevision,
  placeText,
  raised,
  relation,
  serialOf,
  serialText,
  withGroup,
  withOwnChange,
} from '../../../src/cluster/records/epoch.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function metaAt(meta: Meta, revision: number): Meta {
  const read = parseMeta(bytes(metaText(meta)), revision);
  if (Array.isArray(read)) throw new Error(JSON.stringify(read));
  return read;
}

/** An etcd with nothing but what numbers depend on. */
class EtcdModel {
  revision = 1;
  serialRevision = 0;
  serialPlace = 0;
  /** Stands for all data: what a list shows. */
  data = 0;
  incarnation = 0;
  meta: Meta | undefined;
  log: { revision: number; meta: Meta | undefined; serialPlace: number | undefined; data: number }[] = [];

  /** `place`: the last of a group of data changes; undefined: nothing of data changes, and `s` is not put. */
  write(change: { meta?: Meta; data?: number; place: number | undefined }): void {
    this.revision++;
    if (change.meta !== undefined) this.meta = metaAt(change.meta, this.revision);
    if (change.place !== undefined) [this.serialRevision, this.serialPlace] = [this.revision, change.place];
    if (change.data !== undefined) this.data = change.data;
    const meta = change.meta === undefined ? undefined : this.meta;
    this.log.push({ revision: this.revision, meta, serialPlace: change.place, data: this.data });
  }

  wipe(): void {
    this.revision = 1;
    this.serialRevision = 0;
    this.serialPlace = 0;
    this.meta = undefined;
    this.log = [];
    this.data = 0;
    this.incarnation++;
  }
}

let datum = 0;

class NodeModel {
  readonly name: string;
  epoch: Epoch | undefined;
  lastSerial = 0;
  data = 0;
  /** How much of etcd's log it has applied, and of which etcd. */
  at = 0;
  incarnation = -1;
  isCut = true;

  constructor(name: string) {
    this.name = name;
  }

  answer(): void {
    if (this.epoch === undefined) return;
    const serial = serialOf(this.epoch);
    expect(serial).toBeGreaterThanOrEqual(this.lastSerial);
    this.lastSerial = serial;
  }

  /** Lists, raises if it has to, and is on course. */
  join(etcd: EtcdModel): void {
    const isNew = etcd.meta === undefined;
    if (isNew) etcd.write({ meta: firstMeta(this.lastSerial, 1000, 'L', `i${etcd.incarnation}`), place: 0 });
    const history =
      this.epoch !== undefined && isDiverged(this.epoch)
        ? 'diverged'
        : this.incarnation === etcd.incarnation
          ? 'same'
          : 'other';
    let listed = this.list(etcd);
    if (!isNew && hasToRaise(this.lastSerial, history, listed)) {
      etcd.write({ meta: raised(listed.meta, this.lastSerial, etcd.revision), place: 0, data: ++datum });
      listed = this.list(etcd);
    }
    this.epoch = listed;
    this.data = etcd.data;
    this.at = etcd.revision;
    this.incarnation = etcd.incarnation;
    this.isCut = false;
    this.answer();
  }

  list({ meta, serialRevision, serialPlace }: EtcdModel): Epoch {
    return { node: this.name, meta: meta as Meta, serialRevision, serialPlace, ownCount: 0 };
  }

  follow(etcd: EtcdModel, count: number): void {
    if (this.isCut || this.epoch === undefined || this.incarnation !== etcd.incarnation) return;
    for (const group of etcd.log.filter(({ revision }) => revision > this.at).slice(0, count)) {
      this.epoch = withGroup(this.epoch, group.revision, group.meta, group.serialPlace);
      this.data = group.data;
      this.at = group.revision;
      this.answer();
    }
  }
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('write' as const), node: fc.nat(2), place: fc.nat(placesARevision - 1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take-over' as const), node: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('follow' as const), node: fc.nat(2), count: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), node: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('own' as const), node: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const), node: fc.nat(2) }) },
);

describe('serials', () => {
  test('never fall at a node, and mean the same data at every node that is on course', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const etcd = new EtcdModel();
        const nodes = ['a', 'b', 'c'].map((name) => new NodeModel(name));
        const dataOf = new Map<number, number>();
        for (const node of nodes) node.join(etcd);
        for (const one of steps) {
          const node = nodes[one.node] as NodeModel;
          if (one.do === 'write' && !node.isCut) etcd.write({ data: ++datum, place: one.place });
          if (one.do === 'take-over' && !node.isCut) etcd.write({ place: undefined });
          if (one.do === 'follow') node.follow(etcd, one.count);
          if (one.do === 'cut') node.isCut = true;
          if (one.do === 'own' && node.isCut && node.epoch !== undefined) {
            node.epoch = withOwnChange(node.epoch);
            node.answer();
          }
          if (one.do === 'join') node.join(etcd);
          if (one.do === 'wipe') {
            etcd.wipe();
            for (const each of nodes) each.isCut = true;
          }
          for (const { epoch, data, isCut } of nodes) {
            if (epoch === undefined || isCut || isDiverged(epoch)) continue;
            const serial = serialOf(epoch);
            expect(dataOf.get(serial) ?? data).toBe(data);
            dataOf.set(serial, data);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a node that lists answers with the number of one that has followed', () => {
    const etcd = new EtcdModel();
    const follower = new NodeModel('a');
    follower.join(etcd);
    etcd.write({ place: 41 });
    etcd.write({ meta: raised(etcd.meta as Meta, 9_000_000, etcd.revision), place: 0 });
    etcd.write({ place: undefined });
    follower.follow(etcd, 10);
    const fresh = new NodeModel('b');
    fresh.join(etcd);
    expect(fresh.lastSerial).toBe(follower.lastSerial);
    expect(fresh.lastSerial).toBeGreaterThan(9_000_000);
  });

  test('a cluster made of single nodes begins above all numbers that they have answered with', () => {
    const meta = metaAt(firstMeta(5_000_000, 1_000_000, 'L', 'i'), 2);
    expect(numberAt(meta, 2)).toBe(5_010_200);
    expect(numberAt(metaAt(firstMeta(5, 1_700_000_000, 'L', 'i'), 2), 2)).toBe(1_700_010_200);
  });

  test('changes that share a revision have numbers of their own, below those of the next', () => {
    const meta = metaAt(firstMeta(0, 0, 'L', 'i'), 2);
    const numbers = [
      numberAt(meta, 7),
      numberAt(meta, 7, 1),
      numberAt(meta, 7, placesARevision - 1),
      numberAt(meta, 8),
    ];
    expect(numbers).toEqual([10_700, 10_701, 10_799, 10_800]);
    expect(placeIn(bytes(serialText('n1', 99)))).toBe(99);
  });

  test.each(['n1', '{"o":"n1"}', '{"x":100}', '{"x":-1}', '[3]', ''])(
    'a serial with the text %s has the place 0',
    (text) => expect(placeIn(bytes(text))).toBe(0),
  );

  test('a revision keeps the number of its time', () => {
    const meta = metaAt(raised(metaAt(firstMeta(0, 0, 'L', 'i'), 2), 50_000, 20), 30);
    expect(meta.bases.map(({ from }) => from)).toEqual([2, 30]);
    expect([2, 29, 30].map((revision) => numberAt(meta, revision))).toEqual([10_200, 12_900, 51_001]);
  });
});

describe('meta', () => {
  test.each([
    ['{', ''],
    ['[]', ''],
    ['{"v":1,"life":"L","incarnation":"i","bases":[[1,1]]}', 'v'],
    ['{"v":3,"life":"L","incarnation":"i","bases":[[1,1]]}', 'v'],
    ['{"v":2,"life":"a-b","incarnation":"i","bases":[[1,1]]}', 'life'],
    ['{"v":2,"life":"L","incarnation":"i","bases":[]}', 'bases'],
    ['{"v":2,"life":"L","incarnation":"i","bases":[[1,5],[1,6]]}', 'bases'],
    ['{"v":2,"life":"L","incarnation":"i","bases":[[1,5],[2,4]]}', 'bases'],
    ['{"v":2,"life":"L","incarnation":"i","bases":[[0,5],[2,6]]}', undefined],
    ['{"v":2,"life":"L","incarnation":"i","bases":[[1.5,5]]}', 'bases'],
    ['{"v":2,"life":"L","incarnation":"i","bases":"1"}', 'bases'],
  ])('%s: the fault is in %s', (text, field) => {
    const read = parseMeta(bytes(text), 7);
    expect(Array.isArray(read) ? (read[0] as { field: string }).field : undefined).toBe(field);
  });

  test('what it does not know is written again', () => {
    const text = '{"v":2,"life":"L","incarnation":"i","bases":[[1,5]],"later":{"x":1}}';
    expect(JSON.parse(metaText(metaAt(parseMeta(bytes(text), 1) as Meta, 1)))).toMatchObject({ later: { x: 1 } });
  });
});

describe('places', () => {
  const nodeName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?$/);
  const place = fc.record({
    life: fc.stringMatching(/^[A-Za-z0-9]{1,8}$/),
    revision: fc.nat(),
    own: fc.option(fc.record({ node: nodeName, count: fc.nat() }), { nil: undefined }),
  });

  test('are read as they are written', () => {
    fc.assert(
      fc.property(place, (one) => {
        expect(parsePlace(placeText(one))).toEqual(one);
      }),
    );
  });

  test.each(['', 'L', '-5', 'L-', 'L-x', 'L-5.n', 'L-5.n-', 'L-5.-n-1', 'L-5.N-1', '5', 'L-1234567890123456'])(
    '%s is none',
    (text) => expect(parsePlace(text)).toBeUndefined(),
  );

  test.each([
    ['L-5', 'L-5', 'here'],
    ['L-4', 'L-5', 'behind'],
    ['L-6', 'L-5', 'ahead'],
    ['M-5', 'L-5', 'gap'],
    ['L-5', 'L-5.a-1', 'behind'],
    ['L-6', 'L-5.a-1', 'gap'],
    ['L-5.a-1', 'L-5.a-1', 'here'],
    ['L-5.a-1', 'L-5.a-3', 'behind'],
    ['L-5.a-4', 'L-5.a-3', 'ahead'],
    ['L-5.a-1', 'L-5.b-3', 'gap'],
    ['L-5.a-1', 'L-9', 'gap'],
  ])('%s seen from %s: %s', (client, here, wanted) => {
    const [a, b] = [parsePlace(client), parsePlace(here)];
    if (a === undefined || b === undefined) throw new Error('no place');
    expect(relation(a, b)).toBe(wanted);
  });

  test('of a node that counts by itself name the node', () => {
    const epoch: Epoch = {
      node: 'n1',
      meta: metaAt(firstMeta(0, 0, 'L', 'i'), 2),
      ...{ serialRevision: 5, serialPlace: 3 },
      ownCount: 0,
    };
    expect(placeText(placeOf(epoch))).toBe('L-10503');
    expect(placeText(placeOf(withOwnChange(withOwnChange(epoch))))).toBe('L-10503.n1-2');
  });
});
