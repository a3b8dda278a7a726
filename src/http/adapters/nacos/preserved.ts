// The metadata keys by which a client of Nacos sets its own times, in milliseconds: how often it beats, after how long
// without a beat it takes no traffic, and after how long it leaves. They become a lease that ends in waiting, and a second
// deadline. Our lease has whole seconds from 5 on, so shorter times become 5 s.

import { limits } from '../../../model/instance.ts';
import type { Liveness } from '../../../model/liveness.ts';

export interface BeatTimes {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly deleteMs: number;
}

const keys = {
  intervalMs: 'preserved.heart.beat.interval',
  timeoutMs: 'preserved.heart.beat.timeout',
  deleteMs: 'preserved.ip.delete.timeout',
} as const;
const generatorKey = 'preserved.instance.id.generator';

const defaults: BeatTimes = { intervalMs: 5000, timeoutMs: 15_000, deleteMs: 30_000 };

type Metadata = ReadonlyMap<string, string>;

export function beatTimesOf(metadata: Metadata): BeatTimes {
  if (metadata.size === 0) return defaults;
  const read = (name: keyof BeatTimes): number => {
    const text = metadata.get(keys[name]) ?? '';
    return /^\d{1,9}$/.test(text) ? Number(text) : defaults[name];
  };
  return { intervalMs: read('intervalMs'), timeoutMs: read('timeoutMs'), deleteMs: read('deleteMs') };
}

/** As the original shows it: not where there is metadata without it. */
export function idGeneratorOf(metadata: Metadata): string | undefined {
  return metadata.size === 0 ? 'simple' : metadata.get(generatorKey);
}

/** Of an instance that beats. */
export function beatLiveness(metadata: Metadata): { readonly leaseSeconds: number; readonly liveness: Liveness } {
  const { timeoutMs, deleteMs } = beatTimesOf(metadata);
  const { min, max } = limits.leaseSeconds;
  const leaseSeconds = Math.min(max, Math.max(min, Math.ceil(Math.min(timeoutMs, deleteMs) / 1000)));
  const leftSeconds = Math.min(max, Math.ceil(deleteMs / 1000) - leaseSeconds);
  // It leaves when it falls silent, or a while after.
  return leftSeconds > 0
    ? { leaseSeconds, liveness: { kind: 'lease-then-waiting', evictAfterSeconds: leftSeconds } }
    : { leaseSeconds, liveness: { kind: 'lease' } };
}
