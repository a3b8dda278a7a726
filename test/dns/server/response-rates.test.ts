// Response rate limiting: what one client network gets, and what its flood does to others.
import { expect, test } from 'vitest';
import { AnswerKind, ResponseRates } from '../../../src/dns/server/response-rates.ts';

const { positive, nxdomain } = AnswerKind;

function rates(options: Partial<ConstructorParameters<typeof ResponseRates>[0]> = {}) {
  return new ResponseRates({ perSecond: 10, slip: 2, windowSeconds: 5, seed: 1, ...options });
}

type Outcomes = Record<'send' | 'truncate' | 'drop', number>;

/** What becomes of `count` answers at one moment. */
function judged(rrl: ResponseRates, count: number, nowMs: number, network = 7): Outcomes {
  const outcomes: Outcomes = { send: 0, truncate: 0, drop: 0 };
  for (let i = 0; i < count; i++) {
    outcomes[rrl.judge(network, positive, nowMs)]++;
  }
  return outcomes;
}

test('a second holds its rate; of what is beyond it every second answer goes out truncated', () => {
  expect(judged(rates(), 30, 0)).toEqual({ send: 10, truncate: 10, drop: 10 });
});

test.each([
  [0, { send: 10, truncate: 0, drop: 20 }],
  [1, { send: 10, truncate: 20, drop: 0 }],
])('slip %i', (slip, outcomes) => {
  expect(judged(rates({ slip }), 30, 0)).toEqual(outcomes);
});

test('a client at the rate is never limited', () => {
  const rrl = rates();
  for (let ms = 0; ms < 60_000; ms += 100) expect(rrl.judge(7, positive, ms)).toBe('send');
});

test('a flood is paid for: its network waits until the debt of the window is gained back', () => {
  const rrl = rates();
  judged(rrl, 10_000, 0);
  expect(judged(rrl, 1, 4900).send).toBe(0);
  expect(judged(rates(), 1, 4900).send).toBe(1);
  const quiet = rates();
  judged(quiet, 10_000, 0);
  expect(judged(quiet, 1, 5100).send).toBe(1);
});

test('kinds of answers and networks are counted apart', () => {
  const rrl = rates();
  judged(rrl, 1000, 0);
  expect(rrl.judge(7, nxdomain, 0)).toBe('send');
  expect(rrl.judge(8, positive, 0)).toBe('send');
  expect(rrl.judge(7, positive, 0)).not.toBe('send');
});

test('floods from more networks than there are places stay limited, and the table does not grow', () => {
  const rrl = rates({ entriesMax: 64, slip: 0 });
  judged(rrl, 1000, 0, 1);
  let sent = 0;
  for (let network = 2; network < 2000; network++) if (rrl.judge(network, positive, 1) === 'send') sent++;
  // Each of them is new, hence within its rate; the one in debt keeps its place.
  expect(sent).toBe(1998);
  expect(rrl.judge(1, positive, 2)).toBe('drop');
});

test('an answer that is not made yet is counted only where it is over the rate', () => {
  const rrl = rates();
  expect(rrl.judgeEarly(7, positive, 0)).toBe('send');
  judged(rrl, 9, 0);
  for (let i = 0; i < 5; i++) expect(rrl.judgeEarly(7, positive, 0)).toBe('send');
  expect(rrl.judge(7, positive, 0)).toBe('send');
  const early = Array.from({ length: 20 }, () => rrl.judgeEarly(7, positive, 0));
  expect(early.filter((outcome) => outcome === 'truncate')).toHaveLength(10);
  expect(rrl.judgeEarly(7, nxdomain, 0)).toBe('send');
  // The debt of what was asked early is paid like any other.
  expect(rrl.judge(7, positive, 1000)).not.toBe('send');
  expect(rrl.judge(7, positive, 4000)).toBe('send');
});
