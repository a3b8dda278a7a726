// Reading JSON that another node wrote, perhaps of a later version, perhaps of none: each value is held to what a request
// body is held to, all faults are reported, and what is not known is kept, to be written again as it was.

import { isObject } from '../../model/instance.ts';
import { type Problem, printable, problem } from '../../model/problem.ts';
import { isPrintable, utf8Length } from '../../model/text.ts';

/** Fields that this version does not know. */
export type Unknown = Readonly<Record<string, unknown>>;

/** The common case, without an object for each. */
export const nothing: Unknown = Object.freeze({});
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Largest whole number of milliseconds that a Date holds. */
const wallMsMax = 8_640_000_000_000_000;
/** Nested deeper, an unknown value is no field but an attack on the node that writes it again. */
const depthMax = 16;

/** One object's fields, each read once; `unknown` are the others. */
export class FieldReader {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #at: string;
  readonly #problems: Problem[];
  /** Of those that are there. */
  readonly #read: string[] = [];

  constructor(value: unknown, at: string, problems: Problem[]) {
    this.#at = at;
    this.#problems = problems;
    this.#object = isObject(value) ? value : {};
    if (!isObject(value)) problems.push(problem(at, 'must be a JSON object', value ?? 'nothing'));
  }

  has(field: string): boolean {
    return Object.hasOwn(this.#object, field);
  }

  raw(field: string): unknown {
    if (!this.has(field)) return undefined;
    this.#read.push(field);
    return this.#object[field];
  }

  /** Printable, of at most `octetsMax`. */
  text(field: string, octetsMax: number, fallback?: string): string {
    const value = this.raw(field) ?? fallback;
    if (typeof value !== 'string') return this.#fault(field, 'must be text', value, '');
    if (utf8Length(value) > octetsMax) return this.#fault(field, `must be at most ${octetsMax} bytes`, value, '');
    return isPrintable(value) ? value : this.#fault(field, 'must be printable text', value, '');
  }

  whole(field: string, min: number, max: number): number {
    const value = this.raw(field);
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.#fault(field, `must be a whole number ${min}-${max}`, value ?? 'nothing', min);
  }

  wallMs(field: string): number {
    return this.whole(field, 0, wallMsMax);
  }

  boolean(field: string): boolean {
    const value = this.raw(field);
    return typeof value === 'boolean' ? value : this.#fault(field, 'must be true or false', value ?? 'nothing', false);
  }

  oneOf<T extends string>(field: string, allowed: readonly [T, ...T[]]): T {
    const value = this.raw(field);
    const found = allowed.find((one) => one === value);
    return found ?? this.#fault(field, `must be one of ${allowed.join(', ')}`, value ?? 'nothing', allowed[0]);
  }

  /** What was not read, to be written again. */
  unknown(): Unknown {
    const names = Object.keys(this.#object);
    if (names.length === this.#read.length) return nothing;
    const rest = this.#read.length === 0 ? names : names.filter((field) => !this.#read.includes(field));
    for (const field of rest) {
      const value = this.#object[field];
      if (isDeep(value)) this.#fault(field.slice(0, 63), `must be nested at most ${depthMax} deep`, value, undefined);
    }
    // It was parsed for this reader alone.
    if (rest === names) return Object.freeze(this.#object);
    return Object.freeze(Object.fromEntries(rest.map((field) => [field, this.#object[field]])));
  }

  #fault<T>(field: string, message: string, value: unknown, fallback: T): T {
    this.#problems.push(problem(this.#at === '' ? field : `${this.#at}.${field}`, message, value));
    return fallback;
  }
}

/** Parses text of at most `octetsMax` as JSON; a problem where it is neither. */
export function parseJson(value: Uint8Array, octetsMax: number): { readonly json: unknown } | Problem {
  if (value.length > octetsMax) return problem('', `must be at most ${octetsMax} bytes`, `${value.length} bytes`);
  try {
    return { json: JSON.parse(decoder.decode(value)) };
  } catch (error) {
    return problem('', 'must be JSON in UTF-8', printable((error as Error).message));
  }
}

function isDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  let level: unknown[] = [value];
  for (let depth = 0; depth <= depthMax; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}
