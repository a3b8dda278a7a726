// Runs the checks of all instances that have some: each at its own interval with a tenth of jitter, the first one within
// a second, so many at a time and no more; what is due beyond that waits for its turn (check-slots.ts). What an
// instance's checks come to is handed to the registry, which passes it on.
// It hears of instances as a listener of the change stream, and writes only when an answer has come.
// Limits: `runningMax` at a time, of one app half of them; an instance has at most eight checks.

import type { Change } from '../model/change.ts';
import type { CheckCounts } from '../model/check-counts.ts';
import { type Check, type CheckType, checkName, checkTargets } from '../model/checks.ts';
import { checksPart, type Judgement, type Verdict } from '../model/health.ts';
import type { Instance } from '../model/instance.ts';
import { isSameQuestion } from '../model/instance-health.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Clock } from '../runtime/clock.ts';
import { LeaseQueue } from '../runtime/deadline-heap.ts';
import { CheckSlots } from './check-slots.ts';
import type { Probe } from './probe.ts';
import type { ProbeResult } from './probes/result.ts';
import { afterAnswer, type CheckState, firstState, verdictOf } from './verdict.ts';

export interface CheckerDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly probe: Probe;
  /** Called once an instance's checks have come to a verdict, the same one or another. */
  readonly judge: (key: InstanceKey, judgement: Judgement) => void | Promise<void>;
  readonly runningMax: number;
}

interface Tracked {
  instance: Instance;
  readonly checks: readonly Scheduled[];
}

interface Scheduled {
  heapIndex: number;
  readonly env: string;
  readonly appid: string;
  isQuick: boolean;
  readonly check: Check;
  readonly of: () => Tracked;
  state: CheckState;
  dueMs: number;
}

const firstWithinMs = 1000;
/** A check that starts later than this after its time counts as delayed. */
const delayedMs = 1000;
/** Who answers within it, or whose check may not take longer, is quick. */
const quickMs = 1000;

export class Checker implements CheckCounts {
  readonly #deps: CheckerDeps;
  readonly #tracked = new Map<string, Tracked>();
  readonly #queue = new LeaseQueue<Scheduled>();
  readonly #results = new Map<CheckType, Map<ProbeResult['kind'], number>>();
  readonly #slots: CheckSlots<Scheduled>;
  #delayed = 0;
  #timer: NodeJS.Timeout | undefined;
  #state: 'waiting' | 'started' | 'closed' = 'waiting';

  constructor(deps: CheckerDeps) {
    this.#deps = deps;
    this.#slots = new CheckSlots(deps.runningMax);
  }

  /** Instances with checks. */
  get instances(): number {
    return this.#tracked.size;
  }

  get running(): number {
    return this.#slots.taken;
  }

  /** Checks that started late because too many were running. */
  get delayed(): number {
    return this.#delayed;
  }

  *results(): ReturnType<CheckCounts['results']> {
    for (const [type, counts] of this.#results) for (const [result, count] of counts) yield { type, result, count };
  }

  /** A change listener. */
  changed({ after, before, cause }: Change): void {
    const instance = after ?? before;
    // Most have no checks, and of a million each text would cost a microsecond of the start.
    if (!isChecked(after) && !isChecked(before)) return;
    const key = JSON.stringify([instance.env, instance.appid, instance.label]);
    const tracked = this.#tracked.get(key);
    if (isChecked(after) && tracked !== undefined && isSameQuestion(tracked.instance, after)) {
      tracked.instance = after;
      return;
    }
    if (tracked !== undefined) {
      for (const one of tracked.checks) {
        this.#queue.delete(one);
        this.#slots.remove(one);
      }
      this.#tracked.delete(key);
    }
    if (!isChecked(after)) return;
    this.#tracked.set(key, this.#track(after, cause.why === 'restored' ? presumedVerdict(after) : undefined));
    this.#arm();
  }

  /** The instances whose checks are run. */
  *tracked(): Iterable<Instance> {
    for (const { instance } of this.#tracked.values()) yield instance;
  }

  /** Checks begin; until then they are only noted. */
  start(): void {
    this.#state = 'started';
    this.run();
  }

  /** Starts what is due. Called by its own timer; by tests after time has passed. */
  run(): void {
    if (this.#state !== 'started') return;
    const nowMs = this.#deps.clock.monotonicMs();
    for (let due = this.#queue.first(nowMs); due !== undefined; due = this.#queue.first(nowMs)) {
      this.#queue.delete(due);
      this.#slots.add(due);
    }
    for (let next = this.#slots.next(); next !== undefined; next = this.#slots.next()) {
      if (nowMs - next.dueMs > delayedMs) this.#delayed++;
      void this.#check(next, nowMs);
    }
    this.#arm();
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#timer);
  }

  #track(instance: Instance, presumed: Verdict | undefined): Tracked {
    const { clock, random } = this.#deps;
    const nowMs = clock.monotonicMs();
    const tracked: Tracked = {
      instance,
      checks: instance.checks.map((check) => {
        const dueMs = nowMs + random() * Math.min(firstWithinMs, check.intervalSeconds * 1000);
        const { env, appid } = instance;
        const isQuick = check.timeoutSeconds * 1000 <= quickMs;
        return { heapIndex: -1, env, appid, isQuick, check, of: () => tracked, state: firstState(presumed), dueMs };
      }),
    };
    for (const one of tracked.checks) this.#queue.set(one, one.dueMs);
    return tracked;
  }

  async #check(scheduled: Scheduled, startMs: number): Promise<void> {
    const { clock, probe, random, judge } = this.#deps;
    const { check } = scheduled;
    const tracked = scheduled.of();
    const result = await probe(check, checkTargets(check, tracked.instance.addrs));
    this.#slots.ended(scheduled);
    this.#count(check.type, result.kind);
    const { instance } = tracked;
    const isCurrent = this.#tracked.get(JSON.stringify([instance.env, instance.appid, instance.label])) === tracked;
    if (isCurrent && this.#state === 'started') {
      const nowMs = clock.monotonicMs();
      scheduled.isQuick = nowMs - startMs <= quickMs;
      const verdict = result.kind === 'passed' ? (result.isWarning === true ? 'warning' : 'passing') : 'critical';
      const answer = { verdict, detail: result.detail } as const;
      scheduled.state = afterAnswer(scheduled.state, answer, check, nowMs);
      scheduled.dueMs = nowMs + check.intervalSeconds * 1000 * (0.9 + 0.2 * random());
      this.#queue.set(scheduled, scheduled.dueMs);
      const judgement = verdictOf(tracked.checks.map((one) => ({ name: checkName(one.check), state: one.state })));
      if (judgement !== undefined) void judge(instance, judgement);
    }
    this.run();
  }

  #count(type: CheckType, result: ProbeResult['kind']): void {
    const counts = this.#results.get(type) ?? new Map<ProbeResult['kind'], number>();
    counts.set(result, (counts.get(result) ?? 0) + 1);
    this.#results.set(type, counts);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const nextMs = this.#queue.earliestMs();
    if (nextMs === undefined || this.#state !== 'started') return;
    this.#timer = setTimeout(() => this.run(), Math.max(1, Math.ceil(nextMs - this.#deps.clock.monotonicMs())));
    this.#timer.unref();
  }
}

/** From before a restart. */
function presumedVerdict({ health }: Instance): Verdict | undefined {
  return health === undefined ? undefined : checksPart(health).verdict;
}

function isChecked(instance: Instance | undefined): instance is Instance {
  return instance !== undefined && instance.checks.length > 0;
}
