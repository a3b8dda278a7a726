// Counts who asks for what: each query by name, type, rcode, transport and client. It is on the way of every answer, the
// cached ones too, so it allocates nothing and looks up integers: an answer that is served again remembers the number of
// its question, and what is left is one look into a table of rows. Measured in test/bench/handler.ts.
// Bounded: where a half of the memory (query-memory.ts) is full before it is read, queries are counted without a row, and
// the reader gets their number. Names that have no answer may fill the first half of the places alone, so a flood of random
// names hides no name that exists.

import { hashPrime, mixed } from '../../../runtime/text-hash.ts';
import { Rcode, type Transport, transports } from '../../message/message.ts';
import { octetsOf, type Peer } from '../peer.ts';
import {
  ControlAt,
  CountAt,
  type Half,
  indexPlaces,
  KeyAt,
  kindOf,
  nameOctetsTotal,
  type QueryMemory,
  QuestionAt,
  queryMemory,
  questionsMax,
  rowsMax,
  StateAt,
} from './query-memory.ts';

/** What is kept of a client: its address, its network (/24, /56), or nothing. */
export type ClientDetail = 'addresses' | 'networks' | 'names';

/** An answer remembers its question's number, and in which round of the table that was. */
export interface KnownQuestion {
  askedNumber: number;
  askedRound: number;
}

/** Type and class, after the name. */
const fixedOctets = 4;
/** Looks before a query goes without a row: rows that are made to collide cost no more. */
const looksMax = 16;

/** What a table is made with; plain values, so that threads can be given them. */
export interface QueryCounts {
  /** `queryMemoryOctets` of it. */
  readonly memory: SharedArrayBuffer;
  readonly detail: ClientDetail;
}

export class QueryTable {
  readonly #memory: QueryMemory;
  readonly #detail: ClientDetail;
  #used: number;
  #half: Half;
  /** Goes up whenever the half changes: numbers of before are no longer right. */
  #round = 1;
  /** The client of the query at hand. */
  #family = 0;
  readonly #client = new Int32Array(4);

  constructor({ memory, detail }: QueryCounts) {
    this.#memory = queryMemory(memory);
    this.#detail = detail;
    this.#used = this.#memory.control[ControlAt.used] as number;
    this.#half = this.#memory.halves[this.#used & 1] as Half;
  }

  /**
   * A query was answered whose question is at `at`, `octets` long with type and class, and has this hash (question.ts).
   * `known`: the answer, where it may be served again.
   */
  count(
    known: KnownQuestion | undefined,
    hash: number,
    bytes: Uint8Array,
    at: number,
    octets: number,
    rcode: number,
    transport: Transport,
    peer: Peer,
    nowMs: number,
  ): void {
    // A plain read: to see it one query later is soon enough, and what it leads to is read atomically.
    if (this.#memory.control[ControlAt.wanted] !== this.#used) this.#change();
    const isKnown = known !== undefined && known.askedRound === this.#round;
    const isFailure = rcode !== Rcode.NOERROR;
    const question = isKnown ? known.askedNumber : this.#questionNumber(hash, bytes, at, octets, isFailure);
    if (question < 0) {
      this.#half.unlisted[0] = (this.#half.unlisted[0] as number) + 1;
      return;
    }
    if (known !== undefined && !isKnown) {
      known.askedNumber = question;
      known.askedRound = this.#round;
    }
    if (this.#detail !== 'names') this.#setClient(octetsOf(peer));
    const transportNumber = transport === 'udp' ? 0 : transports.indexOf(transport);
    const row = this.#rowNumber(question, kindOf(transportNumber, rcode, this.#family), nowMs);
    if (row < 0) {
      this.#half.unlisted[0] = (this.#half.unlisted[0] as number) + 1;
      return;
    }
    const { counts } = this.#half;
    const place = row * CountAt.numbers;
    counts[place] = (counts[place] as number) + 1;
    counts[place + CountAt.lastMs] = nowMs;
  }

  /** The reader has emptied the other half. */
  #change(): void {
    this.#used = Atomics.load(this.#memory.control, ControlAt.wanted);
    this.#half = this.#memory.halves[this.#used & 1] as Half;
    this.#round++;
    // From here on the reader has the half before to itself.
    Atomics.store(this.#memory.control, ControlAt.used, this.#used);
  }

  #setClient(octets: Uint8Array): void {
    const client = this.#client;
    const isWhole = this.#detail === 'addresses';
    if (octets.length === 4) {
      this.#family = 4;
      client[0] = client[1] = client[2] = 0;
      client[3] = word(octets, 0) & (isWhole ? -1 : 0xffffff00);
      return;
    }
    if (octets.length !== 16) {
      this.#family = 0;
      client.fill(0);
      return;
    }
    this.#family = 6;
    client[0] = word(octets, 0);
    client[1] = word(octets, 4) & (isWhole ? -1 : 0xffffff00);
    client[2] = isWhole ? word(octets, 8) : 0;
    client[3] = isWhole ? word(octets, 12) : 0;
  }

  /** Of the question, which is added if it is new; -1: there is no room. */
  #questionNumber(hash: number, bytes: Uint8Array, at: number, octets: number, isFailure: boolean): number {
    const { questions, questionIndex } = this.#half;
    const nameOctets = octets - fixedOctets;
    let place = hash & (indexPlaces - 1);
    for (let look = 0; look < looksMax; look++, place = (place + 1) & (indexPlaces - 1)) {
      const number = (questionIndex[place] as number) - 1;
      if (number < 0) return this.#addQuestion(place, hash, bytes, at, nameOctets, isFailure);
      const place2 = number * QuestionAt.numbers;
      if (questions[place2 + QuestionAt.hash] === hash && this.#isSame(place2, bytes, at, nameOctets)) return number;
    }
    return -1;
  }

  #addQuestion(
    place: number,
    hash: number,
    bytes: Uint8Array,
    at: number,
    nameOctets: number,
    isFailure: boolean,
  ): number {
    const { state, questions, questionIndex, names } = this.#half;
    const number = state[StateAt.questions] as number;
    const start = state[StateAt.nameOctets] as number;
    const share = isFailure ? 0.5 : 1;
    if (number >= questionsMax * share || start + nameOctets > nameOctetsTotal * share) return -1;
    for (let octet = 0; octet < nameOctets; octet++) names[start + octet] = folded(bytes[at + octet] as number);
    const first = number * QuestionAt.numbers;
    questions[first + QuestionAt.name] = start;
    questions[first + QuestionAt.octets] = nameOctets;
    questions[first + QuestionAt.type] = typeAt(bytes, at + nameOctets);
    questions[first + QuestionAt.hash] = hash;
    questionIndex[place] = number + 1;
    state[StateAt.nameOctets] = start + nameOctets;
    state[StateAt.questions] = number + 1;
    return number;
  }

  #isSame(first: number, bytes: Uint8Array, at: number, nameOctets: number): boolean {
    const { questions, names } = this.#half;
    if (questions[first + QuestionAt.octets] !== nameOctets) return false;
    if (questions[first + QuestionAt.type] !== typeAt(bytes, at + nameOctets)) return false;
    const start = questions[first + QuestionAt.name] as number;
    for (let octet = 0; octet < nameOctets; octet++)
      if (names[start + octet] !== folded(bytes[at + octet] as number)) return false;
    return true;
  }

  /** Of the row of this question and client, which is added if it is new; -1: there is no room. */
  #rowNumber(question: number, kind: number, nowMs: number): number {
    const { keys, rowIndex } = this.#half;
    const client = this.#client;
    const [c0, c1, c2, c3] = [client[0] as number, client[1] as number, client[2] as number, client[3] as number];
    let hash = Math.imul(question ^ Math.imul(kind, hashPrime), hashPrime) ^ c3;
    if (this.#family === 6)
      hash = Math.imul(Math.imul(Math.imul(hash, hashPrime) ^ c2, hashPrime) ^ c1, hashPrime) ^ c0;
    let place = mixed(hash) & (indexPlaces - 1);
    for (let look = 0; look < looksMax; look++, place = (place + 1) & (indexPlaces - 1)) {
      const number = (rowIndex[place] as number) - 1;
      if (number < 0) return this.#addRow(place, question, kind, nowMs);
      const key = number * KeyAt.numbers;
      if (
        keys[key] === question &&
        keys[key + KeyAt.kind] === kind &&
        keys[key + KeyAt.client + 3] === c3 &&
        keys[key + KeyAt.client + 2] === c2 &&
        keys[key + KeyAt.client + 1] === c1 &&
        keys[key + KeyAt.client] === c0
      )
        return number;
    }
    return -1;
  }

  #addRow(place: number, question: number, kind: number, nowMs: number): number {
    const { state, keys, counts, rowIndex } = this.#half;
    const number = state[StateAt.rows] as number;
    const isFailure = (kind >> 2) % 0x4000 !== Rcode.NOERROR;
    if (number >= (isFailure ? rowsMax / 2 : rowsMax)) return -1;
    const key = number * KeyAt.numbers;
    keys[key] = question;
    keys[key + KeyAt.kind] = kind;
    keys.set(this.#client, key + KeyAt.client);
    counts[number * CountAt.numbers + CountAt.firstMs] = nowMs;
    rowIndex[place] = number + 1;
    // A reader that sees the number sees the row.
    Atomics.store(state, StateAt.rows, number + 1);
    return number;
  }
}

function word(octets: Uint8Array, at: number): number {
  return (
    ((octets[at] as number) << 24) |
    ((octets[at + 1] as number) << 16) |
    ((octets[at + 2] as number) << 8) |
    (octets[at + 3] as number)
  );
}

function typeAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Length octets are below 64 and are no letters (RFC 1035 §2.3.4). */
function folded(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
