// The server's metrics as numbers and as lines over time: read every 5 s while the page can be seen, kept for 15 minutes.
// Rates are differences of counters; a counter that fell belongs to a server that was started anew, and counts from 0.

import { effect, signal } from '@preact/signals';
import { failureText, get } from '../api/http.ts';
import { hasMetrics } from './caller.ts';

const everyMs = 5000;
const pointsMax = 180;

/** By name and labels as they are written: `rollcall_instances{status="up"}`. */
type Sample = ReadonlyMap<string, number>;

export interface Moment {
  /** Seconds since 1970. */
  readonly at: number;
  readonly sample: Sample;
}

export const moments = signal<readonly Moment[]>([]);
/** Why there are no metrics, last. */
export const metricsTrouble = signal<string | undefined>(undefined);

/** Prometheus text format, without comments; labels are in one order in every reply of one server. */
function parse(text: string): Sample {
  const sample = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith('rollcall_')) continue;
    const space = line.lastIndexOf(' ');
    sample.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return sample;
}

export async function readMetrics(): Promise<void> {
  if (!hasMetrics.value) return;
  const reply = await get<string>('metrics');
  metricsTrouble.value = reply.kind === 'ok' ? undefined : failureText(reply);
  if (reply.kind !== 'ok') return;
  moments.value = [...moments.value, { at: Date.now() / 1000, sample: parse(reply.value) }].slice(-pointsMax);
}

export function keepMetrics(): void {
  effect(() => {
    if (hasMetrics.value) void readMetrics();
  });
  setInterval(() => {
    if (document.visibilityState === 'visible') void readMetrics();
  }, everyMs);
}

/** The newest value of a metric without labels, or with the labels given as they are written. */
export function metric(name: string, labels = ''): number | undefined {
  return moments.value.at(-1)?.sample.get(`${name}${labels}`);
}

/** The text of a label of the first series of a metric. */
export function labelOf(name: string, label: string): string | undefined {
  for (const key of moments.value.at(-1)?.sample.keys() ?? []) {
    if (key.startsWith(`${name}{`)) return new RegExp(`${label}="([^"]*)"`).exec(key)?.[1];
  }
  return undefined;
}

/** Per second, from each moment to the next, summed by `label`. Those of which nothing ever came are left out. */
export function ratesBy(name: string, label: string): ReadonlyMap<string, readonly number[]> {
  const all = moments.value;
  const rates = new Map<string, number[]>();
  for (let i = 1; i < all.length; i++) {
    const [before, now] = [all[i - 1], all[i]] as [Moment, Moment];
    for (const [key, value] of now.sample) {
      if (!key.startsWith(`${name}{`)) continue;
      const word = new RegExp(`[{,]${label}="([^"]*)"`).exec(key)?.[1] ?? '';
      const line = rates.get(word) ?? new Array<number>(all.length - 1).fill(0);
      line[i - 1] = (line[i - 1] ?? 0) + difference(before.sample.get(key), value) / (now.at - before.at);
      rates.set(word, line);
    }
  }
  return new Map([...rates].filter(([, line]) => line.some((rate) => rate > 0)));
}

/** Milliseconds below which `share` of the calls of a kind stayed, for each step; null where there were none. */
export function quantiles(name: string, kind: string, share: number): (number | null)[] {
  const all = moments.value;
  const steps: (number | null)[] = [];
  for (let i = 1; i < all.length; i++) {
    const [before, now] = [all[i - 1], all[i]] as [Moment, Moment];
    const prefix = `${name}_bucket{kind="${kind}",le="`;
    const buckets = [...now.sample]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => {
        const limit = key.slice(prefix.length, -2);
        return {
          limit: limit === '+Inf' ? Number.POSITIVE_INFINITY : Number(limit),
          count: difference(before.sample.get(key), value),
        };
      });
    const total = buckets.at(-1)?.count ?? 0;
    const limit = buckets.find(({ count }) => count >= share * total)?.limit ?? 0;
    steps.push(total === 0 ? null : 1000 * (Number.isFinite(limit) ? limit : (buckets.at(-2)?.limit ?? 0)));
  }
  return steps;
}

function difference(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}
