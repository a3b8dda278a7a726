// The checker against histories made by hand: those that can be explained pass, and each anomaly is found, by its name.

import { describe, expect, test } from 'vitest';
import { anomaliesIn, type Recorded, type State, type Write } from './history.ts';
import type { Visible } from './history-states.ts';

const place = 'prod/orders/one';
const [a, b] = ['10.0.0.1', '10.0.0.2'] as const;

const write = (startMs: number, after: State, revision: number | undefined, of = place): Write => {
  return { place: of, startMs, endMs: startMs + 10, after, isHeard: after !== 'absent', revision };
};
const saw = (startMs: number, what: Visible | 'nothing', ttl = 1, endMs = startMs + 2) => {
  const records = what.includes('.') ? [{ address: what, ttl }] : [];
  const rcode = what === 'nothing' ? 'NXDOMAIN' : 'NOERROR';
  return { app: 'prod/orders', how: 'UDP', startMs, endMs, rcode, records };
};
const check = (some: Partial<Recorded>) =>
  anomaliesIn({
    leaseSeconds: new Map([[place, 5]]),
    dnsTtl: 2,
    writes: [],
    renewals: [],
    sights: [],
    answers: [],
    serials: [],
    restarts: [],
    lateMs: 500,
    ...some,
  });

describe('is explained', () => {
  const writes = [write(0, a, 7), write(100, b, 8), write(200, 'waiting', 9), write(300, 'absent', 10)];
  test('what every write made visible, before, between and after', () => {
    const answers = [saw(-9, 'nothing'), saw(20, a), saw(120, b), saw(220, 'hidden'), saw(320, 'nothing')];
    const serials = [5, 7, 8, 9, 10].map((serial, at) => ({ serial, startMs: at * 100 - 20, endMs: at * 100 - 15 }));
    expect(check({ writes, answers, serials })).toEqual([]);
  });

  test('two writers of one instance, in the order of their revisions', () => {
    const long = { ...write(0, 'waiting', 9), isHeard: false, endMs: 60 };
    const answers = [saw(40, a), saw(50, 'hidden'), saw(70, 'hidden')];
    expect(check({ writes: [long, write(20, a, 8)], answers })).toEqual([]);
  });

  test('several writers and an open write: refused, since their order cannot be known', () => {
    const writes = [write(0, a, 7), write(5, b, undefined)];
    expect(() => check({ writes })).toThrow('several writers');
  });

  test('what is seen while a write is under way: the old or the new', () => {
    expect(check({ writes, answers: [saw(102, a), saw(104, b)] })).toEqual([]);
  });

  test('two reads at once that see the old and the new in either order', () => {
    expect(check({ writes, answers: [saw(101, b, 1, 105), saw(102, a, 1, 106)] })).toEqual([]);
  });

  test('an instance that falls silent: there until its lease ends, gone half a second later', () => {
    const answers = [saw(4990, a, 0), saw(5200, a, 0), saw(5200, 'nothing'), saw(5600, 'nothing')];
    expect(check({ writes: [write(0, a, 7)], answers: answers.slice(0, 2) })).toEqual([]);
    expect(check({ writes: [write(0, a, 7)], answers: answers.slice(2) })).toEqual([]);
  });

  test('a write that was never answered: seen, not seen, and lost with the server that was killed', () => {
    const open = [write(0, a, 7), write(100, b, undefined)];
    const restarts = [{ killedMs: 200, readyMs: 300 }];
    for (const seen of [a, b])
      expect(check({ writes: open, answers: [saw(150, b), saw(310, seen)], restarts })).toEqual([]);
  });

  test('a lease that starts afresh with the server', () => {
    const restarts = [{ killedMs: 4000, readyMs: 4500 }];
    expect(check({ writes: [write(0, a, 7)], answers: [saw(8900, a, 0)], restarts })).toEqual([]);
  });
});

describe('is an anomaly', () => {
  const found = (some: Partial<Recorded>) => check(some).join('\n');

  test('a write that was answered and is not visible', () => {
    expect(found({ writes: [write(0, a, 7)], answers: [saw(11, 'nothing')] })).toContain(`${place}: absent at 11.0`);
    expect(found({ writes: [write(0, a, 7), write(20, b, 8)], answers: [saw(31, a)] })).toContain('which it was until');
    expect(found({ writes: [write(0, a, 7), write(20, 'waiting', 8)], answers: [saw(31, a)] })).toContain(a);
  });

  test('an instance seen before its registration, and an address that was never registered', () => {
    expect(found({ writes: [write(50, a, 7)], answers: [saw(0, a)] })).toContain('which it was not before');
    expect(found({ writes: [write(50, a, 7)], answers: [saw(80, '10.9.9.9')] })).toContain('never registered');
    const elsewhere = { ...saw(80, a), app: 'prod/pay' };
    expect(found({ writes: [write(50, a, 7)], answers: [elsewhere] })).toContain('never registered there');
  });

  test('a cancelled instance that is visible again, also while the cancel is still under way', () => {
    const writes = [write(0, a, 7), write(100, 'absent', 8)];
    expect(found({ writes, answers: [saw(120, a)] })).toContain('it was absent');
    expect(found({ writes, answers: [saw(101, 'nothing'), saw(105, a)] })).toContain('after something newer');
  });

  test('two addresses of one instance in one answer', () => {
    const writes = [write(0, a, 7), write(100, b, 8)];
    const both = { ...saw(104, a), records: [a, b].map((address) => ({ address, ttl: 1 })) };
    expect(found({ writes, answers: [both] })).toContain(`${a} and ${b} at once`);
  });

  test('a TTL over the end of the lease, and one over what was asked for', () => {
    expect(found({ writes: [write(0, a, 7)], answers: [saw(4100, a, 1)] })).toContain('TTL 1');
    expect(found({ writes: [write(0, a, 7)], answers: [saw(3900, a, 1)] })).toBe('');
    expect(found({ writes: [write(0, a, 7)], answers: [saw(20, a, 3)] })).toContain('TTL 3');
    const renewals = [{ place, startMs: 4000, endMs: 4010, isAnswered: true }];
    expect(found({ writes: [write(0, a, 7)], renewals, answers: [saw(4100, a, 1)] })).toBe('');
    expect(found({ writes: [write(0, a, 7)], renewals, answers: [saw(8100, a, 1)] })).toContain('TTL 1');
  });

  test('an instance that is gone before its lease can be over, and one that outlives it', () => {
    const renewals = [{ place, startMs: 4000, endMs: 4010, isAnswered: true }];
    expect(found({ writes: [write(0, a, 7)], answers: [saw(4900, 'nothing')] })).toContain('absent');
    expect(found({ writes: [write(0, a, 7)], renewals, answers: [saw(5600, 'nothing')] })).toContain('absent');
    expect(found({ writes: [write(0, a, 7)], answers: [saw(5600, a, 0)] })).toContain('until 5510.0 ms');
    const sights = [{ place, startMs: 20, endMs: 25, saw: 'absent' }];
    expect(found({ writes: [write(0, a, 7)], sights })).toContain('absent at 20.0-25.0 ms (HTTP)');
  });

  test('a serial that goes back, lags behind a write, and a revision that is given twice or goes back', () => {
    const serial = (startMs: number, of: number) => ({ serial: of, startMs, endMs: startMs + 1 });
    expect(found({ serials: [serial(0, 9), serial(5, 8)] })).toContain('serial 8');
    expect(found({ serials: [serial(0, 9), serial(0.5, 8)] })).toBe('');
    expect(found({ writes: [write(0, a, 7)], serials: [serial(11, 6)] })).toContain('serial 6');
    expect(found({ writes: [write(0, a, 7), write(5, b, 7)] })).toContain('revision 7 of two writes');
    expect(found({ writes: [write(0, a, 7), write(20, b, 6)] })).toContain('revision 6');
    expect(found({ writes: [write(20, a, 9)], serials: [serial(0, 9)] })).toContain('revision 9');
  });

  test('after a kill: an acknowledged write that is lost, a cancelled instance that is back, a lease that went on', () => {
    const restarts = [{ killedMs: 1000, readyMs: 1500 }];
    const back = [write(0, a, 7), write(100, 'absent', 8)];
    expect(found({ writes: [write(0, a, 7)], restarts, answers: [saw(1501, 'nothing')] })).toContain('absent');
    expect(found({ writes: back, restarts, answers: [saw(1501, a)] })).toContain(a);
    expect(found({ writes: [write(0, a, 7)], restarts, answers: [saw(5900, 'nothing')] })).toContain('absent');
    expect(found({ writes: back, restarts, serials: [{ serial: 7, startMs: 1501, endMs: 1502 }] })).toContain(
      'serial 7',
    );
  });
});
