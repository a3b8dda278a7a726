// How questions were answered whose replies were limited lately, so that the next one to a client over its rate is limited
// before anything is looked up: a flood costs a look at this table for each query, however dear the answers are that it
// asks for. An answer's kind decides which rate counts, and all that is left of a limited reply is its rcode.
// A place a question, by hash alone: of two with one hash, or one whose answer has changed, a client over its rate may for a
// second be counted under the other's kind, and get the other's rcode in a reply that sends it to TCP.
// Limits: `placesMax` questions, the latest; each for a second.

import { kindOf } from './response-limit.ts';
import type { AnswerKind } from './response-rates.ts';

const placesMax = 4096;
const keptMs = 1000;

/** What is known of a limited reply: the bits of its header that do not come from the request, and its kind. */
export interface LimitedAnswer {
  readonly authoritativeBit: number;
  readonly rcode: number;
  readonly kind: AnswerKind;
}

/** Of the reply that begins at `at`. */
export function limitedAnswer(reply: Uint8Array, at: number): LimitedAnswer {
  const flags = (reply[at + 2] as number) & authoritative;
  return { authoritativeBit: flags, rcode: (reply[at + 3] as number) & rcodeBits, kind: kindOf(reply, at) };
}

/** Octets 2 and 3 of a header: AA, rcode. */
const authoritative = 0x04;
const rcodeBits = 0x0f;

export class LimitedQuestions {
  readonly #hashes = new Int32Array(placesMax);
  readonly #untilMs = new Float64Array(placesMax).fill(Number.NEGATIVE_INFINITY);
  readonly #answers = new Array<LimitedAnswer | undefined>(placesMax).fill(undefined);
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Nothing was limited within a second: no question has to be looked up. */
  isEmpty(nowMs: number): boolean {
    return nowMs > this.#lastMs + keptMs;
  }

  find(hash: number, nowMs: number): LimitedAnswer | undefined {
    const at = hash & (placesMax - 1);
    return this.#hashes[at] === hash && nowMs <= (this.#untilMs[at] as number) ? this.#answers[at] : undefined;
  }

  add(hash: number, answer: LimitedAnswer, nowMs: number): void {
    const at = hash & (placesMax - 1);
    this.#lastMs = nowMs;
    this.#hashes[at] = hash;
    this.#untilMs[at] = nowMs + keptMs;
    this.#answers[at] = answer;
  }
}
