// What a check's answers make of it, answer by answer: a state and the next one, without clock or sockets. So many
// failures in a row make it critical, so many successes passing. An instance that keeps failing has to pass for longer:
// with every fall within ten minutes after the first the successes that it needs double, up to sixteen times as many, so
// that a flapping instance does not come and go with every other answer.
// The verdict that was there before a restart is only presumed: the first answer decides.

import { isServing, type Judgement, type Verdict } from '../model/health.ts';

export interface Thresholds {
  readonly failures: number;
  readonly successes: number;
}

export interface CheckState {
  readonly verdict: Verdict;
  /** From before: no answer of this run has confirmed it. */
  readonly isPresumed: boolean;
  /** Answers against the verdict, in a row. */
  readonly against: number;
  /** When it last fell from passing, the latest last; monotonic milliseconds. */
  readonly fellAtMs: readonly number[];
  /** What came of the last answer. */
  readonly detail: string;
}

const flapWindowMs = 600_000;
/** More than that changes nothing: sixteen times is the most. */
const fallsMax = 5;

export function firstState(presumed: Verdict = 'unchecked'): CheckState {
  return { verdict: presumed, isPresumed: presumed !== 'unchecked', against: 0, fellAtMs: [], detail: '' };
}

/** What came of one check. */
interface CheckAnswer {
  readonly verdict: Exclude<Verdict, 'unchecked'>;
  readonly detail: string;
}

/** The state after an answer at `nowMs`, monotonic milliseconds. */
export function afterAnswer(state: CheckState, answer: CheckAnswer, thresholds: Thresholds, nowMs: number): CheckState {
  const { verdict: observed, detail } = answer;
  if (state.verdict === observed || (isServing(state.verdict) && isServing(observed)))
    return { ...state, verdict: observed, isPresumed: false, against: 0, detail };
  const against = state.against + 1;
  // Who has not passed yet takes no traffic anyway: its first failure gives the reason.
  const isDecided = state.isPresumed || against >= needed(state, observed, thresholds, nowMs);
  if (!isDecided) return { ...state, against, detail };
  const fellAtMs = isServing(state.verdict) ? [...state.fellAtMs, nowMs].slice(-fallsMax) : state.fellAtMs;
  return { verdict: observed, isPresumed: false, against: 0, fellAtMs, detail };
}

function needed(state: CheckState, observed: CheckAnswer['verdict'], thresholds: Thresholds, nowMs: number): number {
  if (isServing(observed)) return successesNeeded(state, thresholds, nowMs);
  return state.verdict === 'unchecked' ? 1 : thresholds.failures;
}

/** So many successes in a row it takes now. */
export function successesNeeded({ fellAtMs }: CheckState, { successes }: Thresholds, nowMs: number): number {
  const falls = fellAtMs.filter((atMs) => nowMs - atMs < flapWindowMs).length;
  return successes * 2 ** Math.max(0, falls - 1);
}

/**
 * The verdict of several checks of one instance: all have to pass. Undefined: none yet.
 * `name`: what was asked.
 */
export function verdictOf(
  states: readonly { readonly name: string; readonly state: CheckState }[],
): Judgement | undefined {
  const failing = states.find(({ state }) => state.verdict === 'critical');
  if (failing !== undefined) return { verdict: 'critical', reason: `${failing.name}: ${failing.state.detail}` };
  if (states.some(({ state }) => state.verdict === 'unchecked')) return undefined;
  const shown = states.find(({ state }) => state.verdict === 'warning') ?? states.at(-1);
  const verdict = shown?.state.verdict === 'warning' ? 'warning' : 'passing';
  return { verdict, reason: `${shown?.name ?? ''}: ${shown?.state.detail ?? ''}` };
}
