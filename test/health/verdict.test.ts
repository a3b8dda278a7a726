// What answers make of a check, in a row and over time.

import { expect, test } from 'vitest';
import { afterAnswer, type CheckState, firstState, successesNeeded, verdictOf } from '../../src/health/verdict.ts';

const rules = { failures: 3, successes: 2 };
const everyMs = 10_000;

/** `+` and `-` are answers ten seconds apart; gives the verdict after each as P, C or `.` for unchecked. */
function story(answers: string, from: CheckState = firstState(), startMs = 0): { letters: string; state: CheckState } {
  let state = from;
  let letters = '';
  for (const [index, answer] of [...answers].entries()) {
    const nowMs = startMs + index * everyMs;
    state = afterAnswer(
      state,
      { verdict: answer === '+' ? 'passing' : answer === 'w' ? 'warning' : 'critical', detail: answer },
      rules,
      nowMs,
    );
    letters += { unchecked: '.', passing: 'P', warning: 'W', critical: 'C' }[state.verdict];
  }
  return { letters, state };
}

test.each([
  ['++', '.P'],
  ['+-', '.C'],
  ['-', 'C'],
  ['-++', 'CCP'],
  ['++--', '.PPP'],
  ['++w+', '.PWP'],
  ['+w', '.W'],
  ['w', '.'],
  ['ww---', '.WWWC'],
  ['++---', '.PPPC'],
  ['++--+--', '.PPPPPP'],
  ['++---+-+-++', '.PPPCCCCCCP'],
])('%s is %s', (answers, letters) => {
  expect(story(answers).letters).toBe(letters);
});

test('what was there before a restart holds until the first answer, which decides', () => {
  expect(firstState('passing')).toMatchObject({ verdict: 'passing', isPresumed: true });
  expect(story('-', firstState('passing')).letters).toBe('C');
  expect(story('+--', firstState('passing')).letters).toBe('PPP');
  expect(story('+', firstState('critical')).letters).toBe('P');
  expect(story('+', firstState('unchecked')).letters).toBe('.');
});

test('one that fails again has to pass for longer, each time twice as long, up to sixteen times', () => {
  let { state } = story('++');
  const needed: number[] = [];
  for (let fall = 0; fall < 7; fall++) {
    state = story('---', state, 1000).state;
    expect(state.verdict).toBe('critical');
    const count = successesNeeded(state, rules, 2000);
    needed.push(count);
    const before = story('+'.repeat(count - 1), state, 1000);
    expect(before.state.verdict).toBe('critical');
    state = afterAnswer(before.state, { verdict: 'passing', detail: '' }, rules, 2000);
    expect(state.verdict).toBe('passing');
  }
  expect(needed).toEqual([2, 4, 8, 16, 32, 32, 32]);
});

test('falls of more than ten minutes ago are forgotten', () => {
  const { state } = story('++---++---');
  expect(successesNeeded(state, rules, 100_000)).toBe(4);
  // The first fall was at 40 s, the second at 90 s.
  expect(successesNeeded(state, rules, 640_001)).toBe(2);
  expect(successesNeeded(state, rules, 700_000)).toBe(2);
});

test('all checks of an instance have to pass; the first that fails is quoted', () => {
  const [up, down, open] = [story('++').state, story('-').state, firstState()];
  expect(
    verdictOf([
      { name: 'a', state: up },
      { name: 'b', state: open },
    ]),
  ).toBeUndefined();
  expect(
    verdictOf([
      { name: 'a', state: open },
      { name: 'b', state: down },
    ]),
  ).toEqual({
    verdict: 'critical',
    reason: 'b: -',
  });
  expect(
    verdictOf([
      { name: 'a', state: up },
      { name: 'b', state: up },
    ])?.verdict,
  ).toBe('passing');
});
