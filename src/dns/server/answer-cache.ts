// Encoded answers, made once and served many times. An entry has the revision of everything that it was made from and the time
// until which its TTLs hold, and both are compared on every hit: so nothing has to be invalidated. Only lru-cache's bounds
// evict, and losing an entry costs no more than making it again.
// An answer that is whole is kept under its question alone, since it is right for every limit that it fits; one that
// had to be cut is kept under question and limit.
// The key is a number, the hash of the question, and the entry's own question is compared: a text as the key would cost
// more than the rest of a look-up, since V8 makes a unique copy of each. Of two questions with one hash the later is kept.

import { LRUCache } from 'lru-cache';
import type { ServeRecord } from '../../model/answers-held.ts';
import { mixed } from '../../runtime/text-hash.ts';
import type { Message } from '../message/encode.ts';
import type { Answer, AnswerSource, ExtendedError } from '../message/message.ts';
import type { ReplyTemplate } from '../message/reply.ts';
import type { KnownQuestion } from './queries/query-table.ts';
import { isSameQuestion, type PlacedQuestion } from './question.ts';

/** What an entry costs besides its octets, about. */
const entryOverheadOctets = 900;

/** One object for each, as small as it can be: there may be hundreds of thousands. */
export interface CachedAnswer extends Message, ReplyTemplate, KnownQuestion {
  readonly rcode: number;
  readonly error: ExtendedError | undefined;
  readonly sources: readonly AnswerSource[];
  /** The sum of their revisions. None of them ever goes back: an equal sum means that all are equal. */
  readonly stamp: number;
  validUntilMs: number;
  /** Of its question: see question.ts. */
  readonly hash: number;
  /** What it had to fit, where it was cut. */
  readonly limitOctets: number;
  /** Zones with access rules that it has names of: see zone-access.ts. */
  readonly zones: number;
  /** Remembers when it was last served, to whom it may concern (outstanding.ts). */
  readonly record: ServeRecord;
  /** The OPT for who sends one without options; made when it is first needed. */
  plainOpt: Buffer | undefined;
}

export class AnswerCache {
  readonly #entries: LRUCache<number, CachedAnswer>;
  /** More never fit. */
  readonly entriesMax: number;

  /** Entries that were cut: most caches have none, and then there is nothing to look for. */
  #cut = 0;

  /** `onDropped` hears of every entry that is kept no more. */
  constructor(octetsMax: number, onDropped: (entry: CachedAnswer) => void) {
    this.entriesMax = Math.ceil(octetsMax / entryOverheadOctets);
    // Without `max`, for which it would set all its places aside at once.
    this.#entries = new LRUCache({
      maxSize: octetsMax,
      sizeCalculation: ({ octets }) => octets.length + entryOverheadOctets,
      dispose: (entry) => {
        if (!entry.isWhole) this.#cut--;
        onDropped(entry);
      },
    });
  }

  /** The answer to a question within so many octets, if it is right at `nowMs` and has a turn left. */
  get(question: PlacedQuestion, limitOctets: number, nowMs: number): CachedAnswer | undefined {
    const whole = this.#entries.get(question.hash);
    if (whole?.isWhole === true && whole.octets.length <= limitOctets && isRight(whole, question, nowMs)) return whole;
    if (this.#cut === 0) return undefined;
    const cut = this.#entries.get(cutKey(question.hash, limitOctets));
    if (cut === undefined || cut.isWhole || cut.limitOctets !== limitOctets) return undefined;
    return isRight(cut, question, nowMs) ? cut : undefined;
  }

  /** Whether it is kept. */
  set(entry: CachedAnswer): boolean {
    const key = entry.isWhole ? entry.hash : cutKey(entry.hash, entry.limitOctets);
    this.#entries.set(key, entry);
    if (this.#entries.peek(key) !== entry) return false;
    if (!entry.isWhole) this.#cut++;
    return true;
  }
}

function isRight(entry: CachedAnswer, question: PlacedQuestion, nowMs: number): boolean {
  return isCurrent(entry, nowMs) && isSameQuestion(entry.octets, question.bytes, question.at, question.octets);
}

function cutKey(hash: number, limitOctets: number): number {
  return mixed(hash ^ limitOctets) | 0;
}

/** An entry of what was just answered and encoded. */
export function cachedAnswer(
  answer: Pick<Answer, 'rcode' | 'serial' | 'lifetime'>,
  { octets, isTruncated, isWhole, turns, serialAt }: Message,
  error: ExtendedError | undefined,
  record: ServeRecord,
  zones: number,
  hash: number,
  limitOctets: number,
): CachedAnswer {
  return {
    octets,
    isTruncated,
    isWhole,
    turns,
    serialAt,
    rcode: answer.rcode,
    serial: answer.serial,
    error,
    // A copy has no room to grow into.
    sources: answer.lifetime.sources.slice(),
    stamp: stampOf(answer.lifetime.sources),
    validUntilMs: answer.lifetime.validUntilMs,
    turn: 0,
    hash,
    limitOctets,
    zones,
    record,
    plainOpt: undefined,
    askedNumber: 0,
    askedRound: 0,
  };
}

/** Right at `nowMs`, and with a turn left. */
export function isCurrent(entry: CachedAnswer, nowMs: number): boolean {
  if (nowMs > entry.validUntilMs || !entry.record.isOpen) return false;
  const { turns } = entry;
  if (turns !== undefined && entry.turn >= turns.firsts.length) return false;
  return stampOf(entry.sources) === entry.stamp;
}

function stampOf(sources: readonly AnswerSource[]): number {
  let sum = 0;
  for (let i = 0; i < sources.length; i++) sum += (sources[i] as AnswerSource).revision;
  return sum;
}
