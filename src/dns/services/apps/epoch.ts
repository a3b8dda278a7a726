// How long a choice lasts. Where there are more records than an RRset may have, the choice is another once per TTL, by the
// clock of the day: all queries within it get the same answer, whatever type or size they ask for, and so do all threads and
// nodes answer. An answer that was chosen is right until its epoch ends, whatever its TTL: that counts from when it
// is sent.

import { hashStart, mixed, textHash } from '../../../runtime/text-hash.ts';

export interface ChoiceEpoch {
  readonly number: number;
  readonly seconds: number;
  /** Monotonic milliseconds until which it lasts. */
  readonly untilMs: number;
}

export function epochAt(
  seconds: number,
  { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
): ChoiceEpoch {
  const lengthMs = seconds * 1000;
  const number = Math.floor(wallMs / lengthMs);
  return { number, seconds, untilMs: nowMs + (number + 1) * lengthMs - wallMs - 1 };
}

/** Makes the choices of one app differ from those of others. */
export function seedOf({ env, appid }: { readonly env: string; readonly appid: string }): number {
  return textHash(appid, mixed(textHash(env)) ^ hashStart);
}

/**
 * Where draws begin, in [0, 1): the same for all types, on every thread and node. The next epoch begins √2 further, so that
 * consecutive choices miss no instance for long.
 */
export function startOf(seed: number, epoch: number): number {
  return (mixed(seed) / 2 ** 32 + ((epoch * Math.SQRT2) % 1)) % 1;
}
