// The memory in which a DNS thread counts its queries, as the thread that writes it and the main thread that reads it see
// it: two halves, of which the thread writes one while the other is read and emptied. In a half there are
//
//   questions   type, and where in `names` the name is; found by a hash table of their numbers
//   rows        question, rcode, transport and client, with a count and two times; found likewise
//
// Both are appended and never moved, so a reader that sees their number sees them whole. One writer each: counts are plain
// additions, and a reader may see one a moment before another. What was counted outlives the thread.
// Limits: see below; about 2 MB a thread, of which only what was used is ever resident.

export const rowsMax = 8192;
export const questionsMax = 8192;
export const nameOctetsTotal = 32 * questionsMax;
/** A quarter full at most: looks are short. */
export const indexPlaces = 4 * rowsMax;

/** Numbers of `state`. */
export const StateAt = { rows: 0, questions: 1, nameOctets: 2 } as const;
/** Numbers of a question in `questions`. */
export const QuestionAt = { name: 0, octets: 1, type: 2, hash: 3, numbers: 4 } as const;
/** Numbers of a row in `keys`; the client in four words, an IPv4 address in the last. */
export const KeyAt = { question: 0, kind: 1, client: 2, numbers: 6 } as const;
/** Numbers of a row in `counts`; monotonic milliseconds. */
export const CountAt = { queries: 0, firstMs: 1, lastMs: 2, numbers: 3 } as const;
/** Numbers of `control`: the half that the reader wants the writer to use, and the one that it uses. */
export const ControlAt = { wanted: 0, used: 1 } as const;

export interface Half {
  readonly state: Int32Array;
  /** One number: queries for which there was no room. */
  readonly unlisted: Float64Array;
  readonly counts: Float64Array;
  readonly keys: Int32Array;
  readonly questions: Int32Array;
  /** Of rows and of questions: a number plus one, or zero. */
  readonly rowIndex: Int32Array;
  readonly questionIndex: Int32Array;
  readonly names: Uint8Array;
}

export interface QueryMemory {
  readonly control: Int32Array;
  readonly halves: readonly [Half, Half];
}

const controlOctets = 8;
const stateOctets = 16;
const halfOctets =
  stateOctets +
  8 +
  rowsMax * CountAt.numbers * 8 +
  rowsMax * KeyAt.numbers * 4 +
  questionsMax * QuestionAt.numbers * 4 +
  2 * indexPlaces * 4 +
  nameOctetsTotal;
export const queryMemoryOctets = controlOctets + 2 * halfOctets;

/** `memory`: `queryMemoryOctets` of it, zero or what was counted in it before. */
export function queryMemory(memory: ArrayBufferLike): QueryMemory {
  const half = (number: number) => halfAt(memory, controlOctets + number * halfOctets);
  return { control: new Int32Array(memory, 0, 2), halves: [half(0), half(1)] };
}

function halfAt(memory: ArrayBufferLike, start: number): Half {
  let at = start;
  const next = (octets: number) => {
    at += octets;
    return at - octets;
  };
  return {
    state: new Int32Array(memory, next(stateOctets), stateOctets / 4),
    unlisted: new Float64Array(memory, next(8), 1),
    counts: new Float64Array(memory, next(rowsMax * CountAt.numbers * 8), rowsMax * CountAt.numbers),
    keys: new Int32Array(memory, next(rowsMax * KeyAt.numbers * 4), rowsMax * KeyAt.numbers),
    questions: new Int32Array(memory, next(questionsMax * QuestionAt.numbers * 4), questionsMax * QuestionAt.numbers),
    rowIndex: new Int32Array(memory, next(indexPlaces * 4), indexPlaces),
    questionIndex: new Int32Array(memory, next(indexPlaces * 4), indexPlaces),
    names: new Uint8Array(memory, next(nameOctetsTotal), nameOctetsTotal),
  };
}

/** The parts of a row's `kind`; `family`: 4, 6, or 0 where clients are not kept. */
export interface RowKind {
  readonly transport: number;
  readonly rcode: number;
  readonly family: number;
}

export function kindOf(transport: number, rcode: number, family: number): number {
  return transport | (rcode << 2) | (family << 16);
}

export function rowKind(kind: number): RowKind {
  return { transport: kind & 3, rcode: (kind >> 2) & 0x3fff, family: kind >> 16 };
}
