// One program under `rollcall run`, from top to bottom: start, wait until it is ready, register, keep the
// registration, and at the end drain, stop and cancel, or only cancel where the program has ended by itself.
// SIGTERM, SIGINT and SIGQUIT stop it: the first one drains before it is passed on, the second is passed on at once, the
// third kills. Other signals are the program's.

import { pause, type Scheduler } from '../../runtime/scheduler.ts';
import type { Child, ChildEnd } from './child.ts';
import { endText } from './child.ts';
import type { RunLog } from './log.ts';
import type { OrphanReaper } from './orphan-reaper.ts';
import { becomesReady, type Readiness } from './readiness.ts';
import type { Registrar } from './registrar.ts';

export interface Supervised {
  readonly start: () => Child;
  readonly registrar: Registrar;
  readonly reaper: OrphanReaper;
  readonly scheduler: Scheduler;
  readonly readiness: Readiness;
  /** Undefined: it may take as long as it likes. */
  readonly readyWithinMs: number | undefined;
  readonly drainMs: number;
  /** Between the signal and SIGKILL. */
  readonly stopMs: number;
  readonly log: RunLog;
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
const passedSignals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/** The first warning, then at twice the interval each time. */
const firstWarningMs = 10_000;

/** How the program ended, or that it was stopped because it did not become ready in time. */
export async function supervise(supervised: Supervised): Promise<ChildEnd | 'never ready'> {
  const { registrar, reaper, scheduler, log } = supervised;
  // Before there is a program: a signal that ended this process now would leave it behind.
  const stops = new Stops(log);
  try {
    const child = supervised.start();
    stops.attach(child);
    if (child.pid !== undefined) reaper.watch(child.pid);
    const wasReady = await untilReady(supervised, child, stops);
    if (wasReady) {
      registrar.start();
      await Promise.race([child.ended, stops.first]);
    }
    const hasEnded = (await Promise.race([child.ended, Promise.resolve('running')])) !== 'running';
    if (!hasEnded) await stop(supervised, child, stops, wasReady);
    const end = await child.ended;
    log('notice', endText(end));
    await Promise.all([registrar.cancel(endText(end)), child.endGroup(supervised.stopMs, scheduler)]);
    return wasReady || stops.signal !== undefined || hasEnded ? end : 'never ready';
  } finally {
    reaper.dismiss();
    stops.end();
  }
}

/** False: it has ended, is to be stopped, or its time is up. */
async function untilReady(supervised: Supervised, child: Child, stops: Stops): Promise<boolean> {
  const { readiness, readyWithinMs, scheduler, log } = supervised;
  const over = new AbortController();
  const ready = becomesReady(readiness, scheduler, over.signal);
  const startedMs = scheduler.nowMs();
  const warnings = warnUntilReady(over.signal, startedMs, supervised);
  const others = [child.ended, stops.first].map((one) => one.then(() => false));
  const timeUp =
    readyWithinMs === undefined ? [] : [pause(scheduler, readyWithinMs, over.signal, true).then(() => false)];
  const isReady = await Promise.race([ready, ...others, ...timeUp]);
  over.abort();
  await Promise.all([ready, warnings, ...timeUp]);
  if (isReady) log('step', `ready after ${seconds(scheduler.nowMs() - startedMs)}`);
  return isReady;
}

async function warnUntilReady(
  signal: AbortSignal,
  startedMs: number,
  { scheduler, log }: Pick<Supervised, 'scheduler' | 'log'>,
): Promise<void> {
  for (let gapMs = firstWarningMs; ; gapMs *= 2) {
    await pause(scheduler, gapMs, signal, true);
    if (signal.aborted) return;
    log('warn', `not ready after ${seconds(scheduler.nowMs() - startedMs)}: not registered yet`);
  }
}

/** Drains until it is safe, the time is over or a second signal comes, then passes the signal on. */
async function stop(supervised: Supervised, child: Child, stops: Stops, wasReady: boolean): Promise<void> {
  const { registrar, scheduler, drainMs, stopMs, log } = supervised;
  const { signal } = stops;
  if (signal === undefined) {
    log('warn', `not ready within ${seconds(supervised.readyWithinMs ?? 0)}: stopping the program`);
  } else if (wasReady) {
    log('notice', `${signal}: draining (again: stops at once)`);
    const over = AbortSignal.any([stops.interrupted, stops.whenEnded]);
    const result = await registrar.drain(drainMs, `${signal} to rollcall run`, over);
    if (result !== 'interrupted' && !result.safe)
      log('warn', `stopping the program though clients may still come: ${result.problem ?? ''}`);
  }
  log('step', `${signal ?? 'SIGTERM'} to the program`);
  child.signal(signal ?? 'SIGTERM');
  const cancelKill = scheduler.after(stopMs, () => {
    log('warn', `the program has not stopped within ${seconds(stopMs)}: killing it`);
    child.killGroup();
  });
  await child.ended;
  cancelKill();
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** The signals that this process gets meanwhile. */
class Stops {
  readonly #listeners: [NodeJS.Signals, () => void][] = [];
  readonly #interrupted = new AbortController();
  readonly #ended = new AbortController();
  #child: Child | undefined;
  #count = 0;
  /** The first one that stops; undefined: none has come. */
  signal: NodeJS.Signals | undefined;
  readonly first: Promise<void>;

  constructor(log: RunLog) {
    this.first = new Promise((resolve) => {
      for (const name of stopSignals) {
        this.#listen(name, () => {
          this.signal ??= name;
          resolve();
          this.#count++;
          if (this.#count === 1) return;
          this.#interrupted.abort();
          if (this.#count === 2) log('notice', `${name} again: stopping at once`);
          if (this.#count > 2) this.#child?.killGroup();
        });
      }
    });
    for (const name of passedSignals) this.#listen(name, () => this.#child?.signal(name));
  }

  /** The program that the signals are about. */
  attach(child: Child): void {
    this.#child = child;
    void child.ended.then(() => this.#ended.abort());
  }

  /** Aborts with the second signal that stops. */
  get interrupted(): AbortSignal {
    return this.#interrupted.signal;
  }

  get whenEnded(): AbortSignal {
    return this.#ended.signal;
  }

  end(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener);
  }

  #listen(name: NodeJS.Signals, listener: () => void): void {
    process.on(name, listener);
    this.#listeners.push([name, listener]);
  }
}
