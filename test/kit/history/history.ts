// A recorded history of a registry under concurrent use, checked for anomalies. What is written down is what clients saw
// from outside: when each call began and when its answer was there, by one monotonic clock. An answer may have been made
// at any moment between, so a history is refused only where no order of moments explains it: an answered write that is
// not visible, something old that is seen again after something newer, a TTL beyond the end of a lease, a serial or
// revision that goes back, an instance that is gone before its lease could be over.
// Pure. Limits: several writers of one instance are ordered by the revisions in their replies; a write without an
// answer (the server was killed) has none, and then the instance must have one writer alone.

import { type StateSpan, statesOf, type Visible } from './history-states.ts';

/** Milliseconds of one monotonic clock: sent, and answered. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What an instance is after a write: out of the registry, in it and in no answer, or answered with this address. */
export type State = 'absent' | 'waiting' | (string & {});

/** An instance was changed. */
export interface Write extends Span {
  readonly place: string;
  readonly after: State;
  /** It also renewed the lease. */
  readonly isHeard: boolean;
  /** Undefined: no answer came (`endMs`: when that was clear), so it may have happened or not. */
  readonly revision: number | undefined;
}

export interface Renewal extends Span {
  readonly place: string;
  readonly isAnswered: boolean;
}

/** What a reply reveals about one instance without changing it: 404 is `absent`, a renewal `present`. */
export interface Sight extends Span {
  readonly place: string;
  readonly saw: Visible;
}

/** A DNS answer about all addresses of an app. */
export interface Answer extends Span {
  /** `prod/orders` */
  readonly app: string;
  readonly how: string;
  readonly rcode: string;
  readonly records: readonly { readonly address: string; readonly ttl: number }[];
}

export interface SerialSeen extends Span {
  readonly serial: number;
}

/** Killed, and ready again. */
export interface Restart {
  readonly killedMs: number;
  readonly readyMs: number;
}

export interface Recorded {
  /** Of every instance that is written to. */
  readonly leaseSeconds: ReadonlyMap<string, number>;
  readonly dnsTtl: number;
  readonly writes: readonly Write[];
  readonly renewals: readonly Renewal[];
  readonly sights: readonly Sight[];
  readonly answers: readonly Answer[];
  readonly serials: readonly SerialSeen[];
  readonly restarts: readonly Restart[];
  /** How long after the end of its lease an instance may be seen still. */
  readonly lateMs: number;
}

/** In words, one line each; none: the history can be explained. */
export function anomaliesIn(recorded: Recorded): string[] {
  const { answers, writes } = recorded;
  const found = numbersGoingBack(recorded);
  const places = [...recorded.leaseSeconds.keys()];
  const owners = new Map(writes.map(({ after, place }) => [after, place]));
  for (const answer of answers) {
    for (const { address } of answer.records) {
      const owner = owners.get(address);
      if (owner === undefined || appOf(owner) !== answer.app)
        found.push(
          `${answer.app}: ${address} at ${spanText(answer)} (${answer.how}), which was never registered there`,
        );
    }
  }
  const byApp = Map.groupBy(answers, ({ app }) => app);
  for (const place of places) found.push(...ofInstance(recorded, place, byApp.get(appOf(place)) ?? []));
  return found;
}

function appOf(place: string): string {
  return place.split('/').slice(0, 2).join('/');
}

function spanText({ startMs, endMs }: Span): string {
  return `${startMs.toFixed(1)}-${endMs.toFixed(1)} ms`;
}

function ofInstance(recorded: Recorded, place: string, answers: readonly Answer[]): string[] {
  const states = statesOf(recorded, place);
  const own = new Set(states.spans.map(({ state }) => state));
  const sights = recorded.sights.filter((sight) => sight.place === place).map((sight) => ({ ...sight, how: 'HTTP' }));
  const found: string[] = [];
  for (const answer of answers) {
    const seen = answer.records.filter(({ address }) => own.has(address));
    const saw: Visible = seen[0]?.address ?? (answer.rcode === 'NXDOMAIN' ? 'absent' : 'hidden');
    const { startMs, endMs, how } = answer;
    sights.push({ place, startMs, endMs, how, saw });
    if (seen.length > 1)
      found.push(
        `${place}: ${seen.map(({ address }) => address).join(' and ')} at once at ${spanText(answer)} (${how})`,
      );
    for (const { address, ttl } of seen) {
      const mostMs = Math.min(recorded.dnsTtl * 1000, Math.max(0, states.leaseEndsMs(answer) - startMs));
      if (ttl * 1000 > mostMs)
        found.push(
          `${place}: ${address} with TTL ${ttl} at ${spanText(answer)} (${how}), at most ${mostMs / 1000} s of its lease were left`,
        );
    }
  }
  return [...found, ...unexplained(place, states.spans, sights, recorded.restarts)];
}

/** Sights that no state explains, or none that is not older than what was seen before them. */
function unexplained(
  place: string,
  states: readonly StateSpan[],
  sights: readonly (Sight & { readonly how: string })[],
  restarts: readonly Restart[],
): string[] {
  const found: string[] = [];
  const inOrder = sights.toSorted((a, b) => a.startMs - b.startMs);
  const byEnd: { readonly endMs: number; readonly index: number }[] = [];
  let passed = 0;
  let floor = 0;
  let life = 0;
  for (const sight of inOrder) {
    // What was seen and never answered may be lost with the server: a new life begins with what was acknowledged.
    const nowLife = restarts.filter(({ killedMs }) => sight.startMs > killedMs).length;
    if (nowLife > life) {
      life = nowLife;
      floor = 0;
      byEnd.length = 0;
      passed = 0;
    }
    for (; passed < byEnd.length && (byEnd[passed]?.endMs ?? 0) < sight.startMs; passed++)
      floor = Math.max(floor, byEnd[passed]?.index ?? 0);
    const fits = ({ state, beginMs, endMs }: StateSpan) =>
      isSeenAs(state, sight.saw) && beginMs <= sight.endMs && endMs >= sight.startMs;
    const index = states.findIndex((state, at) => at >= floor && fits(state));
    if (index >= 0) {
      const place = byEnd.findLastIndex(({ endMs }) => endMs <= sight.endMs) + 1;
      byEnd.splice(Math.max(place, passed), 0, { endMs: sight.endMs, index });
      continue;
    }
    const why = states.some(fits) ? 'after something newer had been seen' : reasonOf(states, sight);
    found.push(`${place}: ${sight.saw} at ${spanText(sight)} (${sight.how}), ${why}`);
  }
  return found;
}

function reasonOf(states: readonly StateSpan[], sight: Sight): string {
  const known = states.filter(({ state }) => isSeenAs(state, sight.saw));
  const over = known.findLast(({ endMs }) => endMs < sight.startMs);
  const actual =
    states.find(({ beginMs, endMs }) => beginMs <= sight.endMs && endMs >= sight.startMs)?.state ?? 'nothing';
  if (over === undefined) return `which it was not before; it was ${actual}`;
  return `which it was until ${over.endMs.toFixed(1)} ms at most; it was ${actual}`;
}

function isSeenAs(state: State, saw: Visible): boolean {
  if (saw === 'hidden') return state === 'absent' || state === 'waiting';
  return saw === 'present' ? state !== 'absent' : state === saw;
}

/** Serials and revisions are one counter: never less than in earlier replies, and more after every write. */
function numbersGoingBack({ writes, serials }: Recorded): string[] {
  const known = [
    ...writes.flatMap(({ revision, ...span }) =>
      revision === undefined ? [] : [{ ...span, at: revision, isWrite: true }],
    ),
    ...serials.map(({ serial, ...span }) => ({ ...span, at: serial, isWrite: false })),
  ];
  const byEnd = known.toSorted((a, b) => a.endMs - b.endMs);
  const found: string[] = [];
  const taken = new Set<number>();
  let passed = 0;
  let most = 0;
  for (const one of known.toSorted((a, b) => a.startMs - b.startMs)) {
    for (; (byEnd[passed]?.endMs ?? Number.POSITIVE_INFINITY) < one.startMs; passed++)
      most = Math.max(most, byEnd[passed]?.at ?? 0);
    const name = one.isWrite ? 'revision' : 'serial';
    if (one.at < most || (one.isWrite && one.at === most))
      found.push(`${name} ${one.at} at ${spanText(one)}, after ${most} had been seen`);
    if (!one.isWrite) continue;
    if (taken.has(one.at)) found.push(`revision ${one.at} of two writes, the second at ${spanText(one)}`);
    taken.add(one.at);
  }
  return found;
}
