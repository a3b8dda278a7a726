// The life of one program under `rollcall run`, from top to bottom: start, wait until it is ready, register, keep the
// registration, and at the end drain, stop and cancel, or only cancel where the program has ended by itself.
// SIGTERM, SIGINT and SIGQUIT stop it: the first one drains before it is passed on, the second is passed on at once, the
// third kills. Other signals are the program's.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Child, ChildEnd } from './child.ts';
import { endText } from './child.ts';
import type { Keeper } from './keeper.ts';
import type { LastWatch } from './last-watch.ts';
import { becomesReady, type Readiness } from './readiness.ts';
import type { Tell } from './tell.ts';

export interface Supervised {
  readonly start: () => Child;
  readonly keeper: Keeper;
  readonly watch: LastWatch;
  readonly readiness: Readiness;
  /** Undefined: it may take as long as it likes. */
  readonly readyWithinMs: number | undefined;
  readonly drainMs: number;
  /** Between the signal and SIGKILL. */
  readonly stopMs: number;
  readonly tell: Tell;
}

const stopSignals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
const passedSignals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/** First word of slowness, then less and less often. */
const patienceMs = 10_000;

/** How the program ended, or that it was stopped because it did not become ready in time. */
export async function supervise(supervised: Supervised): Promise<ChildEnd | 'never ready'> {
  const { keeper, watch, tell } = supervised;
  // Heard before there is a program: a signal that ended us now would leave it behind.
  const stops = new Stops(tell);
  try {
    const child = supervised.start();
    stops.attach(child);
    if (child.pid !== undefined) watch.over(child.pid);
    const wasReady = await untilReady(supervised, child, stops);
    if (wasReady) {
      keeper.start();
      await Promise.race([child.ended, stops.first]);
    }
    const hasEnded = (await Promise.race([child.ended, Promise.resolve('running')])) !== 'running';
    if (!hasEnded) await stop(supervised, child, stops, wasReady);
    const end = await child.ended;
    tell('news', endText(end));
    await Promise.all([keeper.cancel(endText(end)), child.endGroup(supervised.stopMs)]);
    return wasReady || stops.signal !== undefined || hasEnded ? end : 'never ready';
  } finally {
    watch.dismiss();
    stops.end();
  }
}

/** False: it has ended, is to be stopped, or its time is up. */
async function untilReady(supervised: Supervised, child: Child, stops: Stops): Promise<boolean> {
  const { readiness, readyWithinMs, tell } = supervised;
  const over = new AbortController();
  const ready = becomesReady(readiness, over.signal);
  const startedMs = performance.now();
  const grumbling = grumble(over.signal, startedMs, tell);
  const others = [child.ended, stops.first].map((one) => one.then(() => false));
  const timeUp = readyWithinMs === undefined ? [] : [sleep(readyWithinMs, false, { signal: over.signal })];
  const isReady = await Promise.race([ready, ...others, ...timeUp]);
  over.abort();
  await Promise.all([ready, grumbling, ...timeUp.map((one) => one.catch(() => {}))]);
  if (isReady) tell('step', `ready after ${seconds(performance.now() - startedMs)}`);
  return isReady;
}

async function grumble(signal: AbortSignal, startedMs: number, tell: Tell): Promise<void> {
  for (let gapMs = patienceMs; ; gapMs *= 2) {
    await sleep(gapMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    tell('warn', `not ready after ${seconds(performance.now() - startedMs)}: not registered yet`);
  }
}

/** Drains as long as nobody is in a hurry, then passes the signal on. */
async function stop(supervised: Supervised, child: Child, stops: Stops, wasReady: boolean): Promise<void> {
  const { keeper, drainMs, stopMs, tell } = supervised;
  const { signal } = stops;
  if (signal === undefined) {
    tell('warn', `not ready within ${seconds(supervised.readyWithinMs ?? 0)}: stopping the program`);
  } else if (wasReady) {
    tell(
      'news',
      `${signal}: out of DNS; the program goes on until no resolver holds its address (again: stops at once)`,
    );
    const over = AbortSignal.any([stops.hurry, stops.whenEnded]);
    const farewell = await keeper.drain(drainMs, `${signal} to rollcall run`, over);
    if (farewell.kind === 'unsafe' && !stops.whenEnded.aborted)
      tell('warn', `stopping the program though clients may still come: ${farewell.why}`);
  }
  tell('step', `${signal ?? 'SIGTERM'} to the program`);
  child.signal(signal ?? 'SIGTERM');
  const killing = setTimeout(() => {
    tell('warn', `the program has not stopped within ${seconds(stopMs)}: killing it`);
    child.killGroup();
  }, stopMs);
  await child.ended;
  clearTimeout(killing);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** The signals that come to us meanwhile. */
class Stops {
  readonly #listeners: [NodeJS.Signals, () => void][] = [];
  readonly #hurry = new AbortController();
  readonly #ended = new AbortController();
  #child: Child | undefined;
  #count = 0;
  /** The first one that stops; undefined: none has come. */
  signal: NodeJS.Signals | undefined;
  readonly first: Promise<void>;

  constructor(tell: Tell) {
    this.first = new Promise((resolve) => {
      for (const name of stopSignals) {
        this.#listen(name, () => {
          this.signal ??= name;
          resolve();
          this.#count++;
          if (this.#count === 1) return;
          this.#hurry.abort();
          if (this.#count === 2) tell('news', `${name} again: stopping at once`);
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
  get hurry(): AbortSignal {
    return this.#hurry.signal;
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
