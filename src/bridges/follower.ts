// Keeps rollcall equal to another registry that is live: each time one of the two changes, the difference between them is
// computed anew and written. Nothing is remembered that a restart would lose, since what it has written carries a mark.
// While the other registry is unreachable, or in doubt (doubt.ts), what is here stays and goes on being renewed.
// Limits: one pass at a time, at most one each `passMs`; `writesMax` instances a call; what was refused is tried again after
// `refusedMs`, or when it changes.

import { type BackoffLimits, backoffMs } from '../runtime/backoff.ts';
import { pause, type Scheduler } from '../runtime/scheduler.ts';
import { type Difference, differenceOf } from './difference.ts';
import { Doubt } from './doubt.ts';
import { type Mapped, type MirroredInstance, mapped, mirrorLeaseSeconds } from './mirrored.ts';
import type { RegistrySource, SourceState } from './source.ts';
import type { MirrorTarget, MirrorWrite, Present, TargetFault } from './target.ts';

export type FollowerEvent =
  | { readonly kind: 'registered' | 'updated'; readonly wanted: MirroredInstance; readonly fields: readonly string[] }
  | { readonly kind: 'refused'; readonly wanted: MirroredInstance; readonly why: string }
  | { readonly kind: 'cancelled'; readonly present: Present; readonly why: 'gone' | 'moved' | 'leaving' }
  | { readonly kind: 'source-lost' | 'target-lost'; readonly why: string }
  | { readonly kind: 'source-found' | 'target-found' }
  | { readonly kind: 'doubted'; readonly gone: number; readonly owned: number; readonly forMs: number }
  /** The first comparison of the two. */
  | { readonly kind: 'compared'; readonly report: Report };

export interface Report {
  readonly difference: Difference;
  readonly unmapped: Mapped['unmapped'];
}

export interface FollowerOptions {
  readonly source: RegistrySource;
  readonly target: MirrorTarget;
  readonly env: string;
  /** What it owns has this in its metadata; see mirrored.ts. */
  readonly mark: string;
  /** How long a sudden loss is not believed. */
  readonly doubtMs: number;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly onEvent: (event: FollowerEvent) => void;
}

const passMs = 100;
/** Renewals, doubts and refusals end by time. */
const lookMs = 1000;
const writesMax = 200;
const renewalsMax = 1000;
const renewMs = (mirrorLeaseSeconds * 1000) / 3;
const refusedMs = 60_000;
const backoff: BackoffLimits = { firstMs: 500, longestMs: 15_000 };

export class RegistryFollower {
  readonly #options: FollowerOptions;
  readonly #doubt: Doubt;
  #state: SourceState | undefined;
  #mapped: Mapped | undefined;
  #isSourceLost = false;
  #isTargetLost = false;
  #hasCompared = false;
  #isDoubting = false;
  #isDirty = false;
  #wake = (): void => {};
  #failures = 0;
  #renewAtMs: number;
  /** By appid and instance: the content that was refused, and when to try again. */
  readonly #refused = new Map<string, { readonly content: string; readonly againAtMs: number }>();

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#doubt = new Doubt(options.doubtMs);
    this.#renewAtMs = options.scheduler.nowMs();
  }

  /** Follows until the signal aborts; what it has written stays. */
  async run(signal: AbortSignal): Promise<void> {
    const following = this.#follow(signal);
    while (!signal.aborted) {
      this.#isDirty = false;
      const isDone = await this.#pass(signal);
      this.#failures = isDone ? 0 : this.#failures + 1;
      const leastMs = isDone ? passMs : backoffMs(this.#failures, backoff, this.#options.random);
      await pause(this.#options.scheduler, leastMs, signal, true);
      await this.#untilDue(signal);
    }
    await following;
  }

  /** Waits for both, compares them once and, unless `isDryRun`, writes the difference. */
  async once(isDryRun: boolean, signal: AbortSignal): Promise<Report | { readonly fault: string }> {
    const ends = new AbortController();
    const stop = (): void => ends.abort();
    signal.addEventListener('abort', stop, { once: true });
    let fault: string | undefined;
    const fail = (why: string): void => {
      fault ??= why;
      this.#changed();
    };
    const following = this.#follow(ends.signal, fail);
    while (this.#compared() === undefined && fault === undefined && !signal.aborted) await this.#nextWake(ends.signal);
    const report = this.#compared();
    if (report !== undefined && !isDryRun) {
      const failed = (await this.#write(report.difference, ends.signal)) ?? (await this.#renew(ends.signal));
      fault = failed?.fault;
    } else if (report !== undefined) fault = undefined;
    ends.abort();
    await following;
    signal.removeEventListener('abort', stop);
    if (report === undefined || fault !== undefined) return { fault: fault ?? 'it was stopped' };
    return report;
  }

  /** Cancels what it owns: for a stop that is meant to end the mirror. */
  async leave(signal: AbortSignal): Promise<TargetFault | undefined> {
    for (const present of this.#own()) {
      const fault = await this.#cancel(present, 'leaving', signal);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  async #follow(signal: AbortSignal, onFault?: (why: string) => void): Promise<void> {
    const { source, target, onEvent } = this.#options;
    const onState = (state: SourceState): void => {
      this.#state = state;
      this.#mapped = undefined;
      if (this.#isSourceLost) onEvent({ kind: 'source-found' });
      this.#isSourceLost = false;
      this.#changed();
    };
    const onOutage = (why: string): void => {
      if (!this.#isSourceLost) onEvent({ kind: 'source-lost', why });
      this.#isSourceLost = true;
      onFault?.(why);
    };
    const onChange = (): void => {
      this.#targetFound();
      this.#changed();
    };
    const onTargetFault = (why: string): void => {
      this.#targetLost(why);
      onFault?.(why);
    };
    await Promise.all([source.follow({ onState, onOutage }, signal), target.follow(onChange, onTargetFault, signal)]);
  }

  /** What differs now; undefined: one of the two is not known. */
  #compared(): Report | undefined {
    const { target, env, mark, source } = this.#options;
    const here = target.present();
    if (here === undefined || this.#state === undefined) return undefined;
    this.#mapped ??= mapped(this.#state, { kind: source.kind, env, mark });
    return { difference: differenceOf(this.#mapped.wanted, here, mark), unmapped: this.#mapped.unmapped };
  }

  async #pass(signal: AbortSignal): Promise<boolean> {
    const report = this.#compared();
    if (report !== undefined && !this.#hasCompared) {
      this.#hasCompared = true;
      this.#options.onEvent({ kind: 'compared', report });
    }
    const written = report === undefined ? undefined : await this.#write(report.difference, signal);
    const isDue = this.#options.scheduler.nowMs() >= this.#renewAtMs;
    const fault = written ?? (isDue ? await this.#renew(signal) : undefined);
    if (signal.aborted) return true;
    if (fault !== undefined) this.#targetLost(fault.fault);
    return fault === undefined;
  }

  async #write(difference: Difference, signal: AbortSignal): Promise<TargetFault | undefined> {
    const { missing, outdated, extra } = difference;
    const nowMs = this.#options.scheduler.nowMs();
    const writes: MirrorWrite[] = [
      ...missing.map((wanted) => ({ wanted, before: undefined })),
      ...outdated.map(({ wanted, present }) => ({ wanted, before: present })),
    ].filter(({ wanted }) => !this.#isRefused(wanted, nowMs));
    const fields = new Map(outdated.map((one) => [one.wanted, one.fields.map(({ field }) => field)]));
    for (let from = 0; from < writes.length && !signal.aborted; from += writesMax) {
      const fault = await this.#register(writes.slice(from, from + writesMax), fields, signal);
      if (fault !== undefined) return fault;
    }
    const isBelieved = this.#isBelieved(difference, nowMs);
    for (const { present, why } of extra) {
      if (signal.aborted) return undefined;
      if (why === 'gone' && !isBelieved) continue;
      const fault = await this.#cancel(present, why, signal);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  async #register(
    writes: readonly MirrorWrite[],
    fields: ReadonlyMap<MirroredInstance, readonly string[]>,
    signal: AbortSignal,
  ): Promise<TargetFault | undefined> {
    const { target, onEvent } = this.#options;
    const results = await target.register(writes, signal);
    if ('fault' in results) return results;
    this.#targetFound();
    for (const [index, { wanted, before }] of writes.entries()) {
      const { outcome = 'unchanged', why = '' } = results[index] ?? {};
      if (outcome === 'refused') {
        this.#putOff(wanted);
        onEvent({ kind: 'refused', wanted, why });
        continue;
      }
      // What this server does not keep would be sent for ever.
      if (outcome === 'unchanged' && before !== undefined) this.#putOff(wanted);
      else this.#refused.delete(nameOf(wanted.key));
      if (outcome === 'written')
        onEvent({ kind: before === undefined ? 'registered' : 'updated', wanted, fields: fields.get(wanted) ?? [] });
    }
    return undefined;
  }

  async #cancel(
    present: Present,
    why: 'gone' | 'moved' | 'leaving',
    signal: AbortSignal,
  ): Promise<TargetFault | undefined> {
    const outcome = await this.#options.target.cancel(present, why, signal);
    if (typeof outcome === 'object') return outcome;
    this.#targetFound();
    if (outcome === 'cancelled') this.#options.onEvent({ kind: 'cancelled', present, why });
    return undefined;
  }

  /** Also while the other registry is unreachable. */
  async #renew(signal: AbortSignal): Promise<TargetFault | undefined> {
    const keys = this.#own().map(({ key }) => key);
    for (let from = 0; from < keys.length && !signal.aborted; from += renewalsMax) {
      const fault = await this.#options.target.renew(keys.slice(from, from + renewalsMax), signal);
      if (fault !== undefined) return fault;
      this.#targetFound();
    }
    // Before the first list is known there is nothing that was renewed.
    if (this.#options.target.present() !== undefined) this.#renewAtMs = this.#options.scheduler.nowMs() + renewMs;
    return undefined;
  }

  #own(): readonly Present[] {
    const here = this.#options.target.present() ?? new Map<string, ReadonlyMap<string, Present>>();
    return [...here.values()].flatMap((app) => [...app.values()].filter(({ mark }) => mark === this.#options.mark));
  }

  #isBelieved({ extra, owned }: Difference, nowMs: number): boolean {
    const gone = extra.filter(({ why }) => why === 'gone').length;
    const listed = this.#state?.instances.length ?? 0;
    const untilMs = this.#doubt.untilMs({ listed, gone, owned }, nowMs);
    if (untilMs !== undefined && !this.#isDoubting)
      this.#options.onEvent({ kind: 'doubted', gone, owned, forMs: untilMs - nowMs });
    this.#isDoubting = untilMs !== undefined;
    return untilMs === undefined;
  }

  #putOff(wanted: MirroredInstance): void {
    const againAtMs = this.#options.scheduler.nowMs() + refusedMs;
    this.#refused.set(nameOf(wanted.key), { content: contentOf(wanted), againAtMs });
  }

  #isRefused(wanted: MirroredInstance, nowMs: number): boolean {
    const before = this.#refused.get(nameOf(wanted.key));
    return before !== undefined && before.content === contentOf(wanted) && nowMs < before.againAtMs;
  }

  /** It has answered, or its watch goes on. */
  #targetFound(): void {
    if (this.#isTargetLost) this.#options.onEvent({ kind: 'target-found' });
    this.#isTargetLost = false;
  }

  #targetLost(why: string): void {
    if (!this.#isTargetLost) this.#options.onEvent({ kind: 'target-lost', why });
    this.#isTargetLost = true;
  }

  /** Until one of the two changes, or it is time to look. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    if (this.#isDirty || this.#failures > 0) return;
    await this.#nextWake(signal);
  }

  /** Returns at once where something has changed since the last return. */
  async #nextWake(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (!this.#isDirty) await pause(this.#options.scheduler, lookMs, AbortSignal.any([signal, woken.signal]), true);
    this.#isDirty = false;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#wake();
  }
}

function nameOf({ appid, instance }: MirroredInstance['key']): string {
  return `${appid}/${instance}`;
}

function contentOf({ json, content }: MirroredInstance): string {
  return JSON.stringify([json, content]);
}
