// Reads what a DNS thread has counted (server/queries/query-table.ts) without stopping it. The thread writes one half of
// the memory; this asks it to change to the other one, and once it has, reads the first to its end and empties it. A thread
// that receives no query does not change; so the half in use is read as well, and what was taken of it is remembered.
// The reader does all the work: a thread only notices that it should change.

import { ipv4ToText, ipv6ToText } from '../../model/ip.ts';
import type { QuerySample, QuerySink } from '../../model/query-sample.ts';
import { rcodeName, transports } from '../message/message.ts';
import { type Name, nameToText } from '../message/name.ts';
import { typeName } from '../message/type-names.ts';
import {
  ControlAt,
  CountAt,
  type Half,
  KeyAt,
  type QueryMemory,
  QuestionAt,
  queryMemory,
  rowKind,
  rowsMax,
  StateAt,
} from '../server/queries/query-memory.ts';
import type { ClientDetail, QueryCounts } from '../server/queries/query-table.ts';

/** RRL's usual networks, and what site prefixes are given out as. */
const networkBits: Readonly<Record<number, number>> = { 4: 24, 6: 56 };

export class QueryDrain {
  readonly #memory: QueryMemory;
  readonly #detail: ClientDetail;
  /** Queries of each row of the half in use that were handed out. */
  #taken = new Float64Array(0);
  #takenUnlisted = 0;
  /** The half that is read. */
  #reading = 0;
  /** Of each half. */
  readonly #names: readonly Buffer[];
  #latestFamily = 0;
  readonly #latestClient = new Int32Array(4);
  #latestText = '';

  constructor({ memory, detail }: QueryCounts) {
    this.#memory = queryMemory(memory);
    this.#detail = detail;
    const octetsOf = ({ names }: Half) => Buffer.from(names.buffer, names.byteOffset, names.length);
    const [first, second] = this.#memory.halves;
    this.#names = [octetsOf(first), octetsOf(second)];
  }

  /** More rows are in use than should be before they are read. */
  get isFilling(): boolean {
    return Atomics.load(this.#half.state, StateAt.rows) > rowsMax / 4;
  }

  /** Hands out what was counted since the last call. */
  drain(sink: QuerySink): void {
    this.#read(sink);
    const { control } = this.#memory;
    const next = 1 - this.#reading;
    if (Atomics.load(control, ControlAt.used) === next) {
      // The thread has changed: what it still wrote into the first is read, and it is done with.
      this.#read(sink);
      this.#empty();
      this.#reading = next;
      this.#read(sink);
    }
    if (Atomics.load(this.#half.state, StateAt.rows) > 0) Atomics.store(control, ControlAt.wanted, 1 - this.#reading);
  }

  get #half(): Half {
    return this.#memory.halves[this.#reading & 1] as Half;
  }

  #read(sink: QuerySink): void {
    const { state, counts, unlisted } = this.#half;
    const rows = Atomics.load(state, StateAt.rows);
    if (this.#taken.length < rows) this.#grow(rows);
    for (let row = 0; row < rows; row++) {
      const queries = counts[row * CountAt.numbers] as number;
      const fresh = queries - (this.#taken[row] as number);
      if (fresh === 0) continue;
      this.#taken[row] = queries;
      sink.add(this.#sample(row, fresh));
    }
    const withoutRow = unlisted[0] as number;
    if (withoutRow > this.#takenUnlisted) sink.addUnlisted(withoutRow - this.#takenUnlisted);
    this.#takenUnlisted = withoutRow;
  }

  #grow(rows: number): void {
    const grown = new Float64Array(Math.min(rowsMax, Math.max(rows, 2 * this.#taken.length, 64)));
    grown.set(this.#taken);
    this.#taken = grown;
  }

  #sample(row: number, queries: number): QuerySample {
    const { keys, questions, counts } = this.#half;
    const key = row * KeyAt.numbers;
    const question = (keys[key] as number) * QuestionAt.numbers;
    const { transport, rcode, family } = rowKind(keys[key + KeyAt.kind] as number);
    const start = questions[question + QuestionAt.name] as number;
    const end = start + (questions[question + QuestionAt.octets] as number);
    return {
      // The octets as they are: nameToText writes what is not printable.
      name: nameToText((this.#names[this.#reading] as Buffer).toString('latin1', start, end) as Name),
      type: typeName(questions[question + QuestionAt.type] as number),
      rcode: rcodeName(rcode),
      transport: transports[transport] as string,
      client: this.#clientOf(key + KeyAt.client, family),
      queries,
      firstMs: counts[row * CountAt.numbers + CountAt.firstMs] as number,
      lastMs: counts[row * CountAt.numbers + CountAt.lastMs] as number,
    };
  }

  /** A client's rows mostly follow each other. */
  #clientOf(at: number, family: number): string {
    if (family === 0) return '';
    const { keys } = this.#half;
    const latest = this.#latestClient;
    let isLatest = family === this.#latestFamily;
    for (let word = 0; word < latest.length; word++) {
      if (latest[word] !== keys[at + word]) isLatest = false;
      latest[word] = keys[at + word] as number;
    }
    if (!isLatest) this.#latestText = this.#clientText(family, latest);
    this.#latestFamily = family;
    return this.#latestText;
  }

  #clientText(family: number, words: Int32Array): string {
    const octets = new Uint8Array(16);
    const view = new DataView(octets.buffer);
    for (const [at, word] of words.entries()) view.setInt32(4 * at, word);
    const address = family === 4 ? ipv4ToText(octets.subarray(12)) : ipv6ToText(octets);
    return this.#detail === 'networks' ? `${address}/${networkBits[family]}` : address;
  }

  #empty(): void {
    const { state, unlisted, rowIndex, questionIndex, counts } = this.#half;
    counts.fill(0, 0, (state[StateAt.rows] as number) * CountAt.numbers);
    rowIndex.fill(0);
    questionIndex.fill(0);
    unlisted.fill(0);
    state.fill(0);
    this.#taken.fill(0);
    this.#takenUnlisted = 0;
  }
}
