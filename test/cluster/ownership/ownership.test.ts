// Who runs the lease of an instance, row by row: what a node does with what it hears, sees and receives. Whole clusters
// under faults are in ownership.faults.test.ts.

import { describe, expect, test } from 'vitest';
import { Ownership } from '../../../src/cluster/ownership/ownership.ts';
import type {
  Intent,
  OwnedRecord,
  OwnershipEvent,
  SwapIntent,
} from '../../../src/cluster/ownership/ownership-events.ts';

const key = 'i/prod/orders/1';
const leaseMs = 9000;
const intervalMs = 3000;

class World {
  nowMs = 1_000_000;
  revision = 0;
  isHeld = false;
  readonly ownership = new Ownership({ me: 'me', idPrefix: 'me-', mayEvict: () => !this.isHeld });

  constructor() {
    this.give({ kind: 'joined' });
    this.give({ kind: 'proven', untilMs: Number.POSITIVE_INFINITY });
    for (const node of ['a', 'b']) this.give({ kind: 'hello', node });
  }

  give(event: OwnershipEvent): readonly Intent[] {
    return this.ownership.handle(event, this.nowMs);
  }

  /** The watch shows a record. */
  record(owner: string, fields: Partial<OwnedRecord> = {}, isRegistration = false): readonly Intent[] {
    const record: OwnedRecord = {
      owner,
      operation: 'other',
      modRevision: ++this.revision,
      leaseMs,
      intervalMs,
      atEnd: 'evict',
      deadline: 'first',
      thenMs: Number.POSITIVE_INFINITY,
      ...fields,
    };
    return this.give({ kind: 'record', key, record, isRegistration });
  }

  /** Time passes in small steps; all that is decided meanwhile. `answer`: what the peers answer. */
  pass(ms: number, answer?: { heardAgoMs?: number; isComplete: boolean }): Intent[] {
    const intents: Intent[] = [];
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = Math.min(endMs, this.nowMs + 50);
      for (const intent of this.give({ kind: 'tick' })) {
        intents.push(intent);
        if (intent.kind !== 'ask-lately' || answer === undefined) continue;
        const heardMs = answer.heardAgoMs === undefined ? undefined : this.nowMs - answer.heardAgoMs;
        intents.push(...this.give({ kind: 'lately-answer', key, heardMs, isComplete: answer.isComplete }));
      }
    }
    return intents;
  }
}

function swaps(intents: readonly Intent[]): SwapIntent[] {
  return intents.filter((intent) => intent.kind === 'swap');
}

function changes(intents: readonly Intent[]): string[] {
  return swaps(intents).map(({ change }) => change);
}

function kinds(intents: readonly Intent[]): string[] {
  return intents.map(({ kind }) => kind);
}

const silence = { isComplete: true };

describe('an own instance', () => {
  function own(fields: Partial<OwnedRecord> = {}): World {
    const world = new World();
    world.record('me', fields, true);
    return world;
  }

  test('is renewed without a write', () => {
    expect(own().give({ kind: 'renewal', key })).toEqual([{ kind: 'reply', key, reply: 'renewed' }]);
  });

  test('is asked for a second before its lease ends, and evicted when no node has heard it', () => {
    const world = own();
    expect(world.pass(leaseMs - 1050, silence)).toEqual([]);
    expect(kinds(world.pass(100, silence))).toEqual(['ask-lately']);
    const intents = world.pass(1000, silence);
    expect(intents).toMatchObject([
      { kind: 'suspect', isSuspect: true },
      { kind: 'swap', change: 'evict', expected: 1, fence: { session: true, without: undefined } },
    ]);
    const [{ id } = { id: '' }] = swaps(intents);
    expect(world.give({ kind: 'removed', key, why: 'evicted', operation: id })).toEqual([]);
    expect(world.ownership.stateOf(key)).toBeUndefined();
  });

  test('stays where a peer has heard it, for a lease from then', () => {
    const world = own();
    expect(changes(world.pass(leaseMs + 5000, { heardAgoMs: 2500, isComplete: true }))).toEqual([]);
  });

  test('stays for half a lease more where a peer does not answer, suspect', () => {
    const world = own();
    const intents = world.pass(leaseMs + leaseMs / 2 - 100, { isComplete: false });
    expect(intents).toContainEqual({ kind: 'suspect', key, isSuspect: true });
    expect(changes(intents)).toEqual([]);
    expect(changes(world.pass(1500, { isComplete: false }))).toEqual(['evict']);
  });

  test('stays while the guard holds, and the peers are asked again before it goes', () => {
    const world = own();
    world.isHeld = true;
    expect(changes(world.pass(5 * leaseMs, silence))).toEqual([]);
    world.isHeld = false;
    expect(changes(world.pass(3000, silence))).toEqual(['evict']);
  });

  test('stays while this node is cut off, and for one and a half intervals after', () => {
    const world = own();
    world.give({ kind: 'cut' });
    expect(changes(world.pass(3 * leaseMs, silence))).toEqual([]);
    world.give({ kind: 'joined' });
    expect(changes(world.pass(1.5 * intervalMs - 100, silence))).toEqual([]);
    expect(changes(world.pass(1500, silence))).toEqual(['evict']);
  });

  test('stays while the session is not proven', () => {
    const world = own();
    world.give({ kind: 'proven', untilMs: world.nowMs });
    expect(changes(world.pass(3 * leaseMs, silence))).toEqual([]);
  });

  test('heard while its removal is under way comes back', () => {
    const world = own();
    const [{ id } = { id: '' }] = swaps(world.pass(leaseMs + 500, silence));
    expect(world.give({ kind: 'renewal', key })).toContainEqual({ kind: 'withdraw', id });
    expect(world.give({ kind: 'removed', key, why: 'evicted', operation: id })).toMatchObject([
      { kind: 'swap', change: 'return', expected: 'absent' },
    ]);
  });

  test('that another has evicted though it was heard comes back; a cancelled one does not', () => {
    const evicted = own();
    evicted.give({ kind: 'renewal', key });
    expect(changes(evicted.give({ kind: 'removed', key, why: 'evicted', operation: 'x' }))).toEqual(['return']);
    const cancelled = own();
    cancelled.give({ kind: 'renewal', key });
    expect(cancelled.give({ kind: 'removed', key, why: 'cancelled', operation: 'x' })).toEqual([]);
    expect(cancelled.ownership.stateOf(key)).toBeUndefined();
  });

  test('taken by another node is given up, and what was heard is passed on', () => {
    const world = own();
    world.give({ kind: 'renewal', key });
    const heardMs = world.nowMs;
    expect(world.record('a')).toEqual([{ kind: 'forward', owner: 'a', key, heardMs }]);
    expect(changes(world.pass(3 * leaseMs, silence))).toEqual([]);
  });

  test('whose removal was lost to another owner is adopted, and not fought for', () => {
    const world = own();
    const [{ id } = { id: '' }] = swaps(world.pass(leaseMs + 500, silence));
    const found = { ...record('a'), modRevision: 5 };
    expect(changes(world.give({ kind: 'swapped', key, id, verdict: { found } }))).toEqual([]);
    expect(world.ownership.stateOf(key)).toBe('remote');
  });

  test('whose lease ends in "waiting" lapses, is revived by a renewal, and goes at its second deadline', () => {
    const world = own({ atEnd: 'waiting' });
    expect(changes(world.pass(leaseMs + 500, silence))).toEqual(['lapse']);
    world.record('me', { atEnd: 'waiting', deadline: 'second', thenMs: 20_000, operation: 'me-1' });
    expect(changes(world.pass(19_000, silence))).toEqual([]);
    expect(changes(world.give({ kind: 'renewal', key }))).toEqual(['revive']);
    const other = own({ atEnd: 'waiting', deadline: 'second', thenMs: 20_000 });
    expect(changes(other.pass(20_500, silence))).toEqual(['evict']);
  });

  test('without a lease is never let go', () => {
    const world = own({ leaseMs: Number.POSITIVE_INFINITY });
    expect(world.pass(10 * leaseMs, silence)).toEqual([]);
    expect(world.ownership.nextTickMs()).toBeUndefined();
  });

  test("heard here while cut off is forwarded to a joined peer, though it is this node's own", () => {
    const world = own();
    world.give({ kind: 'cut' });
    expect(kinds(world.give({ kind: 'renewal', key }))).toEqual(['forward-joined', 'reply']);
  });

  test('whose hold ends is changed under its session', () => {
    expect(own().give({ kind: 'hold-ended', key })).toMatchObject([{ change: 'end-hold', fence: { session: true } }]);
  });
});

describe("another's instance", () => {
  function remote(fields: Partial<OwnedRecord> = {}): World {
    const world = new World();
    world.record('a', fields);
    return world;
  }

  test('heard here is forwarded to its owner, without a change of owner', () => {
    const world = remote();
    expect(kinds(world.give({ kind: 'renewal', key }))).toEqual(['forward', 'reply']);
  });

  test('forwarded by a peer is not forwarded again', () => {
    const world = remote();
    expect(world.give({ kind: 'forwarded', key, heardMs: world.nowMs })).toEqual([]);
    expect(world.ownership.heardMs(key)).toBe(world.nowMs);
  });

  test('whose owner cannot be reached is relayed, then taken over, once within a lease', () => {
    const world = remote();
    world.give({ kind: 'renewal', key });
    expect(kinds(world.give({ kind: 'not-forwarded', key, owner: 'a' }))).toEqual(['relay']);
    expect(world.give({ kind: 'not-relayed', key, owner: 'a' })).toEqual([]);
    world.pass(leaseMs);
    world.give({ kind: 'renewal', key });
    expect(changes(world.give({ kind: 'not-relayed', key, owner: 'a' }))).toEqual(['take-over']);
  });

  test('is never let go here, however silent', () => {
    expect(remote().pass(10 * leaseMs, silence)).toEqual([]);
  });

  test('missing in a list though it was heard comes back, silent it is gone', () => {
    const heard = remote();
    heard.give({ kind: 'renewal', key });
    expect(changes(heard.give({ kind: 'removed', key, why: 'missing', operation: '' }))).toEqual(['return']);
    const silent = remote();
    expect(silent.give({ kind: 'removed', key, why: 'missing', operation: '' })).toEqual([]);
    expect(silent.ownership.stateOf(key)).toBeUndefined();
  });
});

describe('an orphan', () => {
  function orphan(executor = true, fields: Partial<OwnedRecord> = {}): World {
    const world = new World();
    world.record('a', fields);
    world.give({ kind: 'hello', node: 'a' });
    if (executor) world.give({ kind: 'executor', of: new Set(['a']) });
    return world;
  }
  const endMs = leaseMs + 1.5 * intervalMs;

  test('is taken over by the node that hears it', () => {
    const world = orphan(false);
    world.give({ kind: 'dead', node: 'a' });
    expect(changes(world.give({ kind: 'renewal', key }))).toEqual(['take-over']);
  });

  test('heard after the last proof of its owner is taken over at once', () => {
    const world = orphan(false);
    world.nowMs += 100;
    world.give({ kind: 'renewal', key });
    expect(changes(world.give({ kind: 'dead', node: 'a' }))).toEqual(['take-over']);
  });

  test("is let go by the executor, at the last proof and a lease and a half interval's grace, while its owner is gone", () => {
    const world = orphan();
    world.nowMs += 5000;
    world.give({ kind: 'dead', node: 'a' });
    expect(changes(world.pass(endMs - 5000 - 100, silence))).toEqual([]);
    expect(swaps(world.pass(1500, silence))).toMatchObject([
      { change: 'evict', fence: { session: true, without: 'a' } },
    ]);
  });

  test('that a node taken for dead has just taken over is not taken back because it is heard', () => {
    const world = orphan(false);
    world.give({ kind: 'dead', node: 'a' });
    world.give({ kind: 'dead', node: 'b' });
    expect(changes(world.give({ kind: 'renewal', key }))).toEqual(['take-over']);
    expect(changes(world.record('b'))).toEqual([]);
    expect(world.ownership.stateOf(key)).toBe('orphan');
  });

  test('is evicted by no other node', () => {
    const world = orphan(false);
    world.give({ kind: 'dead', node: 'a' });
    expect(changes(world.pass(5 * endMs, silence))).toEqual([]);
  });

  test("is its owner's again when that is back", () => {
    const world = orphan();
    world.give({ kind: 'dead', node: 'a' });
    world.give({ kind: 'back', node: 'a' });
    expect(world.pass(5 * endMs, silence)).toEqual([]);
    expect(world.ownership.stateOf(key)).toBe('remote');
  });

  test('of a node that left has the rest that its owner reported, without grace', () => {
    const world = orphan();
    world.give({ kind: 'bye', node: 'a', leftMs: new Map([[key, 4000]]) });
    expect(changes(world.pass(3900, silence))).toEqual([]);
    expect(changes(world.pass(1500, silence))).toEqual(['evict']);
  });

  test('keeps the rest that its owner reported when that names others after it', () => {
    const world = orphan();
    world.give({ kind: 'bye', node: 'a', leftMs: new Map([[key, 4000]]) });
    world.give({ kind: 'bye', node: 'a', leftMs: new Map([['i/prod/pay/other', 9000]]) });
    expect(changes(world.pass(5400, silence))).toEqual(['evict']);
  });

  test('has the rest that its owner reported though others were named first', () => {
    const world = orphan();
    world.give({ kind: 'bye', node: 'a', leftMs: new Map([['i/prod/pay/other', 9000]]) });
    world.give({ kind: 'bye', node: 'a', leftMs: new Map([[key, 4000]]) });
    expect(changes(world.pass(3900, silence))).toEqual([]);
    expect(changes(world.pass(1500, silence))).toEqual(['evict']);
  });

  test('without a lease becomes the executor’s at once', () => {
    const world = orphan(true, { leaseMs: Number.POSITIVE_INFINITY });
    expect(changes(world.give({ kind: 'dead', node: 'a' }))).toEqual(['take-over']);
    const other = orphan(false, { leaseMs: Number.POSITIVE_INFINITY });
    expect(other.give({ kind: 'dead', node: 'a' })).toEqual([]);
    expect(changes(other.give({ kind: 'executor', of: new Set(['a']) }))).toEqual(['take-over']);
  });

  test('taken over has a whole lease', () => {
    const world = orphan();
    world.give({ kind: 'dead', node: 'a' });
    world.pass(leaseMs, silence);
    world.record('me');
    expect(changes(world.pass(leaseMs - 100, silence))).toEqual([]);
    expect(changes(world.pass(1500, silence))).toEqual(['evict']);
  });
});

describe('an unknown instance', () => {
  test.each([
    ['a peer knows it', 'a', false, ['forward', 'reply'], 'renewed'],
    ['no node knows it', undefined, false, ['reply'], 'unknown'],
    ['no node can be asked, and there is a trace of it', undefined, true, ['reply'], 'unavailable'],
  ] as const)('is asked for before it is refused: %s', (_name, owner, isUncertain, wanted, reply) => {
    const world = new World();
    expect(world.give({ kind: 'renewal', key })).toEqual([{ kind: 'ask-heard', key }]);
    const intents = world.give({ kind: 'heard-answer', key, owner, isUncertain });
    expect(kinds(intents)).toEqual(wanted);
    expect(intents.at(-1)).toEqual({ kind: 'reply', key, reply });
  });
});

function record(owner: string): OwnedRecord {
  const thenMs = Number.POSITIVE_INFINITY;
  return { owner, operation: 'x', modRevision: 1, leaseMs, intervalMs, atEnd: 'evict', deadline: 'first', thenMs };
}

describe('the short way of a renewal', () => {
  test('is for what a node that lives runs: it is notified, and this node knows when it heard', () => {
    const world = new World();
    world.record('a');
    world.nowMs += 100;
    expect(world.ownership.remoteHeard(key, world.nowMs)).toBe('a');
    expect(world.ownership.heardMs(key)).toBe(world.nowMs);
    expect(world.give({ kind: 'removed', key, why: 'evicted', operation: 'other' })).toMatchObject([
      { change: 'return' },
    ]);
  });

  test.each<[string, (world: World) => void]>([
    ['is unknown', () => {}],
    ['is its own', (world) => world.record('me')],
    ['is an orphan', (world) => void [world.record('a'), world.give({ kind: 'dead', node: 'a' })]],
    ['is remote while this node is cut', (world) => void [world.record('a'), world.give({ kind: 'cut' })]],
  ])('is not for what %s', (_, prepare) => {
    const world = new World();
    prepare(world);
    expect(world.ownership.remoteHeard(key, world.nowMs)).toBeUndefined();
    expect(world.ownership.heardMs(key)).toBeUndefined();
  });
});
