// The ledger of an app's answers: what its lines record of an instance, and when they are removed.

import { describe, expect, test } from 'vitest';
import type { InstanceSource } from '../../../src/dns/message/message.ts';
import { AppLedger } from '../../../src/dns/server/app-ledger.ts';
import type { ServeRecord } from '../../../src/model/answers-held.ts';
import type { LeasedInstance } from '../../../src/model/view.ts';

const leased = (instance: string) => ({ instance: { instance } }) as LeasedInstance;
const [a, b] = [leased('A-1'), leased('b-1')];
const ttl = 5;
/** TTL, the second that resolvers round by, and what is on its way. */
const heldMs = 6500;

function openAt(ledger: AppLedger, nowMs: number, instances: readonly InstanceSource[] = [a, b]): ServeRecord {
  const cell = { lastServedMs: nowMs, isOpen: true };
  ledger.open(cell, instances, ttl, nowMs);
  return cell;
}

describe('a line records of an instance', () => {
  test('when it was last served and until when it may be held, by its id in any case', () => {
    const ledger = new AppLedger('prod', 'orders');
    const cell = openAt(ledger, 1000);
    expect(ledger.held('a-1', 1000)).toEqual({ lastServedMs: 1000, heldUntilMs: 1000 + heldMs });
    expect(ledger.held('a-2', 1000)).toBeUndefined();
    cell.lastServedMs = 3000;
    expect(ledger.held('b-1', 3000)).toEqual({ lastServedMs: 3000, heldUntilMs: 3000 + heldMs });
  });

  test('the latest of several lines, for instances with a shared record too', () => {
    const ledger = new AppLedger('prod', 'orders');
    openAt(ledger, 2000, [[a, b]]);
    openAt(ledger, 1000, [b]);
    expect(ledger.held('b-1', 2000)).toEqual({ lastServedMs: 2000, heldUntilMs: 2000 + heldMs });
  });

  test('of every instance, where an answer may lead to any', () => {
    const ledger = new AppLedger('prod', 'orders');
    ledger.open({ lastServedMs: 1000, isOpen: true }, 'all', ttl, 1000);
    openAt(ledger, 500, [b]);
    for (const key of ['a-1', 'b-1']) expect(ledger.held(key, 1000)?.heldUntilMs).toBe(1000 + heldMs);
    expect(ledger.held('a-1', 1000 + heldMs)).toBeUndefined();
  });

  test('nothing, once it can be cached no more: a line cached longer than a later one does not lend it its time', () => {
    const ledger = new AppLedger('prod', 'orders');
    openAt(ledger, 1000);
    ledger.open({ lastServedMs: 2000, isOpen: true }, [a], 0, 2000);
    expect(ledger.held('a-1', 2400)).toEqual({ lastServedMs: 2000, heldUntilMs: 1000 + heldMs });
    expect(ledger.held('a-1', 2500)).toEqual({ lastServedMs: 1000, heldUntilMs: 1000 + heldMs });
    expect(ledger.held('a-1', 1000 + heldMs)).toBeUndefined();
  });

  test('what was noted of an earlier life, where that is later', () => {
    const ledger = new AppLedger('prod', 'orders');
    ledger.note('a-1', Number.NEGATIVE_INFINITY, 60_000);
    openAt(ledger, 2000);
    expect(ledger.held('a-1', 2000)).toEqual({ lastServedMs: 2000, heldUntilMs: 60_000 });
  });
});

describe('lines are struck out', () => {
  test('once they are closed and can be held no more', () => {
    const ledger = new AppLedger('prod', 'orders');
    const cell = openAt(ledger, 1000);
    expect(ledger.isEmptied(1_000_000)).toBe(false);
    ledger.closeAll();
    expect(cell.isOpen).toBe(false);
    expect(ledger.isEmptied(1000 + heldMs - 1)).toBe(false);
    expect(ledger.isEmptied(1000 + heldMs)).toBe(true);
    expect(ledger.held('a-1', 1000)).toBeUndefined();
  });

  test('as more are added: a thousand answers a second leave those of some seconds', () => {
    const ledger = new AppLedger('prod', 'orders');
    for (let ms = 0; ms < 60_000; ms++) openAt(ledger, ms, [leased(`i-${ms}`)]).isOpen = false;
    expect(ledger.keys().size).toBeLessThan(2 * heldMs + 100);
    expect(ledger.held('i-59999', 59_999)).toBeDefined();
    expect(ledger.held(`i-${60_000 - heldMs}`, 59_999)).toBeDefined();
  });

  test('the oldest first where they are too many, and what they knew stays known', () => {
    const ledger = new AppLedger('prod', 'orders');
    const instances = Array.from({ length: 100 }, (_, i) => leased(`i-${i}`));
    const cells = Array.from({ length: 1000 }, (_, ms) => openAt(ledger, ms, ms === 0 ? [a, ...instances] : instances));
    const open = [...ledger.openRecords()];
    expect(open.length).toBeLessThan(656);
    expect(open).toEqual(cells.slice(-open.length));
    expect(cells.filter(({ isOpen }) => isOpen)).toEqual(open);
    expect(ledger.held('a-1', 1000)).toEqual({ lastServedMs: 0, heldUntilMs: heldMs });
    expect(ledger.held('i-7', 1000)).toEqual({ lastServedMs: 999, heldUntilMs: 999 + heldMs });
    ledger.closeAll();
    expect(ledger.isEmptied(20_000)).toBe(true);
  });
});

test('what is closed together is not closed twice over: a cell opened since stays open', () => {
  const ledger = new AppLedger('prod', 'orders');
  const before = openAt(ledger, 0);
  ledger.closeAll();
  const after = openAt(ledger, 1);
  expect([before.isOpen, after.isOpen]).toEqual([false, true]);
});
