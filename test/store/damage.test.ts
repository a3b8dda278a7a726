// A file that was cut or in which bits are flipped: it opens every time, what is sound is there, nothing is there that
// was not written last, and what was lost is reported. All in this thread, without a server, since there are many of them.
// ROLLCALL_EXPERIMENT=long runs every offset of the last 2 KB and 200 flips.

import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { type Opened, openFolder } from '../../src/store/data-folder.ts';
import type { Database } from '../../src/store/database.ts';
import { PageReader } from '../../src/store/page-reader.ts';
import { changeRow } from '../../src/store/rows.ts';
import type { Care } from '../../src/store/soundness.ts';
import { keptOptions } from '../kit/history/kept-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { Harness } from '../kit/registry/harness.ts';

const isLong = process.env['ROLLCALL_EXPERIMENT'] === 'long';
const nowMs = Date.UTC(2026, 0, 1);
const options = { ...keptOptions(''), fsync: false, revision: 100 };

/** A place, and the state of its instance after each change of it. */
type History = ReadonlyMap<string, readonly (number | undefined)[]>;

interface Made {
  readonly folder: string;
  readonly history: History;
  /** What is registered at the end: place -> weight. */
  readonly last: ReadonlyMap<string, number>;
}

/** `small`: all is checked when it is opened. `large`: instances are, while they are read. */
const sizes = ['small', 'large'] as const;
type Size = (typeof sizes)[number];

/** As at a start: what is damaged is opened again as a suspect. */
function openAs(size: Size, folder: string): Opened {
  if (size === 'small') return open(folder);
  const first = open(folder, { checkedOctetsMax: 0 });
  if (read(first.database) !== undefined) return first;
  first.database.abandon();
  first.lock.close();
  const again = open(folder, { checkedOctetsMax: 0, isSuspect: true });
  expect(again.damage).toBeDefined();
  return again;
}

function open(folder: string, care: Care = {}): Opened {
  const opened = openFolder({ ...options, ...care, folder }, nowMs);
  if ('problem' in opened) throw new Error(opened.problem);
  return opened;
}

/** Undefined: they are damaged. */
function read(database: Database): Map<string, number> | undefined {
  const found = new Map<string, number>();
  const reader = new PageReader();
  for (;;) {
    const page = database.instances();
    if (page === 'end') return found;
    if ('damage' in page) return undefined;
    reader.take(page);
    for (let row = reader.next(); row !== undefined; row = reader.next()) {
      const { env, appid, instance } = row.place;
      if ('message' in row.saved) throw new Error(row.saved.message);
      found.set(`${appid}.${env}/${instance}`, row.saved.registration.weight);
    }
  }
}

function contents(database: Database): Map<string, number> {
  return read(database) as Map<string, number>;
}

/** A folder after 400 changes of 60 instances; `clean`: in one file, otherwise with the last half in the log. */
function made(clean: boolean): Made {
  const folder = scratch();
  const harness = new Harness();
  const changes: Change[] = [];
  harness.registry.onChange((change) => changes.push(change));
  const history = new Map<string, (number | undefined)[]>();
  const last = new Map<string, number>();
  for (let i = 0; i < 400; i++) {
    const place = `app-${i % 7}.prod/one-${(i * 13) % 60}`;
    const states = history.get(place) ?? [undefined];
    if (i % 5 === 4 && last.has(place)) {
      harness.cancel(place);
      last.delete(place);
    } else {
      harness.register(place, { weight: i, metadata: { text: `${i} `.repeat(40) } });
      last.set(place, i);
    }
    states.push(last.get(place));
    history.set(place, states);
  }
  const { database, lock } = open(folder);
  for (let i = 0; i < 200; i += 10) database.commit(changes.slice(i, i + 10).map(changeRow), nowMs);
  database.close();
  lock.close();
  const again = open(folder);
  for (let i = 200; i < changes.length; i += 4) again.database.commit(changes.slice(i, i + 4).map(changeRow), nowMs);
  if (clean) {
    again.database.close();
    again.lock.close();
    return { folder, history, last };
  }
  const copy = join(scratch(), 'copy');
  mkdirSync(copy);
  for (const name of ['rollcall.db', 'rollcall.db-wal']) cpSync(join(folder, name), join(copy, name));
  again.database.close();
  again.lock.close();
  return { folder: copy, history, last };
}

interface Outcome {
  readonly found: Map<string, number>;
  readonly isReported: boolean;
  readonly opened: Pick<Opened, 'damage' | 'logEnd' | 'isNew'>;
}

/** Opens a copy of the folder with one file changed, looks, and checks that a second start reports nothing. */
function damaged(folder: string, name: string, harm: (path: string) => void, size: Size = 'small'): Outcome {
  const copy = join(scratch(), 'data');
  cpSync(folder, copy, { recursive: true });
  harm(join(copy, name));
  const { database, lock, damage, logEnd, isNew } = openAs(size, copy);
  const found = contents(database);
  database.commit([], nowMs);
  database.close();
  lock.close();
  if (damage !== undefined) expect(statSync(damage.keptAs, { throwIfNoEntry: false }) ?? name).toBeDefined();
  expect(readdirSync(copy).filter((file) => /\.(new|copy|salvaged)/.test(file) && damage !== undefined)).toEqual([]);
  const again = openAs(size, copy);
  expect({ damage: again.damage, found: contents(again.database) }).toEqual({ damage: undefined, found });
  again.database.close();
  again.lock.close();
  removeScratch(join(copy, '..'));
  return { found, isReported: damage !== undefined || logEnd !== 'clean', opened: { damage, logEnd, isNew } };
}

/** Every instance as it is at the end, or reported as damaged and as it was at some time; never one that never was. */
function expectTruth({ found, isReported, opened }: Outcome, { history, last }: Made, what: string): void {
  expect({ what, isNew: opened.isNew }).toEqual({ what, isNew: false });
  const isWhole = found.size === last.size && [...last].every(([place, weight]) => found.get(place) === weight);
  if (!isWhole) expect({ what, isReported }).toEqual({ what, isReported: true });
  for (const [place, weight] of found) {
    const states = history.get(place) ?? [];
    expect({ what, place, weight, was: states.includes(weight) }).toMatchObject({ was: true });
  }
}

/** `count` whole numbers below `max`, the same in every run. */
function spread(count: number, max: number, seed = 7): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * max);
  });
}

function flip(bit: number): (path: string) => void {
  return (path) => {
    const octets = readFileSync(path);
    octets[bit >> 3] = (octets[bit >> 3] as number) ^ (1 << (bit & 7));
    writeFileSync(path, octets);
  };
}

test('an undamaged folder opens without a word, in one file and with a log', () => {
  for (const [clean, size] of [true, false].flatMap((clean) => sizes.map((size) => [clean, size] as const))) {
    const one = made(clean);
    const outcome = damaged(one.folder, 'rollcall.db', () => {}, size);
    expect([outcome.isReported, outcome.found]).toEqual([false, one.last]);
  }
});

test(
  'the log cut at offsets of its end and anywhere',
  () => {
    const one = made(false);
    const size = statSync(join(one.folder, 'rollcall.db-wal')).size;
    const tail = isLong ? Array.from({ length: 2048 }, (_, index) => index) : spread(15, 2048);
    const offsets = [...tail.map((back) => size - back), ...spread(isLong ? 200 : 15, size)];
    for (const offset of offsets) {
      // Between two commits it is as if the later ones had never been: the log alone cannot show it.
      const outcome = damaged(one.folder, 'rollcall.db-wal', (path) => truncateSync(path, offset));
      const isBorder = (offset - 32) % (4096 + 24) === 0 || offset <= 32;
      expectTruth({ ...outcome, isReported: outcome.isReported || isBorder }, one, `log cut at ${offset} of ${size}`);
    }
  },
  isLong ? 600_000 : 20_000,
);

test.each(sizes)(
  'the %s database cut at offsets of its end and anywhere',
  (size) => {
    const one = made(true);
    const octets = statSync(join(one.folder, 'rollcall.db')).size;
    const tail = isLong ? Array.from({ length: 2048 }, (_, index) => index) : spread(8, 2048);
    for (const offset of [
      0,
      1,
      100,
      4096,
      ...tail.map((back) => octets - back),
      ...spread(isLong ? 200 : 10, octets),
    ]) {
      const outcome = damaged(one.folder, 'rollcall.db', (path) => truncateSync(path, offset), size);
      expectTruth(outcome, one, `database cut at ${offset} of ${octets}`);
      if (offset <= 4096) expect(outcome.isReported).toBe(true);
    }
  },
  isLong ? 600_000 : 20_000,
);

test.each([
  ['rollcall.db', true, 'small'],
  ['rollcall.db-wal', false, 'small'],
  ['rollcall.db', true, 'large'],
  ['rollcall.db-wal', false, 'large'],
] as const)(
  'single bits flipped in %s',
  (name, clean, size) => {
    const one = made(clean);
    const bits = statSync(join(one.folder, name)).size * 8;
    // The header is small and matters most.
    for (const bit of [
      ...(isLong ? Array.from({ length: 800 }, (_, bit) => bit) : [18 * 8 + 2, ...spread(12, 800, 3)]),
      ...spread(isLong ? 140 : 20, bits),
    ]) {
      expectTruth(damaged(one.folder, name, flip(bit), size), one, `bit ${bit} of ${name}`);
    }
  },
  isLong ? 600_000 : 20_000,
);

test(
  'most is saved of a database with a page of noise, and the loss is counted and named',
  () => {
    const one = made(true);
    const path = join(one.folder, 'rollcall.db');
    const pages = statSync(path).size / 4096;
    let saved = 0;
    const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 89 + 7) & 255));
    const tried = spread(isLong ? pages : 12, pages, 11);
    for (const page of tried) {
      const { found, isReported, opened } = damaged(one.folder, 'rollcall.db', (copy) => {
        const octets = readFileSync(copy);
        noise.copy(octets, page * 4096);
        writeFileSync(copy, octets);
      });
      expectTruth({ found, isReported, opened }, one, `page ${page}`);
      if (opened.damage?.lost !== undefined) {
        const gone = [...one.last.keys()].filter((place) => !found.has(place)).length;
        expect(opened.damage.lost).toBeLessThanOrEqual(gone);
      }
      saved += found.size;
    }
    // The events are a second copy of nearly all.
    expect(saved).toBeGreaterThan(0.9 * one.last.size * tried.length);
  },
  isLong ? 600_000 : 20_000,
);

test('a lost database whose log is there is damage; five damaged ones are kept', () => {
  const one = made(false);
  const copy = join(scratch(), 'data');
  cpSync(one.folder, copy, { recursive: true });
  for (let i = 0; i < 8; i++) {
    writeFileSync(join(copy, 'rollcall.db'), `not a database ${i}`);
    const opened = openFolder({ ...options, folder: copy }, nowMs + i * 1000);
    if ('problem' in opened) throw new Error(opened.problem);
    expect(opened.damage?.why).toBe('it is shorter than its header');
    opened.database.close();
    opened.lock.close();
  }
  const kept = readdirSync(copy).filter((name) => /damaged-[^w]*Z$/.test(name));
  expect(kept).toHaveLength(5);
  expect(readFileSync(join(copy, kept.sort().at(-1) as string), 'utf8')).toBe('not a database 7');
});

test('who was killed while salvaging goes on from there', () => {
  const one = made(true);
  const copy = join(scratch(), 'data');
  cpSync(one.folder, copy, { recursive: true });
  const path = join(copy, 'rollcall.db');
  cpSync(path, `${path}.salvaged`);
  writeFileSync(path, 'damaged');
  writeFileSync(`${path}-wal`, 'damaged too');
  const { database, lock, damage } = open(copy);
  expect(damage).toBeUndefined();
  expect(contents(database)).toEqual(one.last);
  database.close();
  lock.close();
});
