// Bodies as Consul's Go server reads them: keys in any case, and with or without underscores; null is absent; an unknown
// key and a wrong type are refused with the sentence of Go's decoder, which is what people search for.

import { isObject } from '../../../model/instance.ts';
import { jsonObjectOf } from '../front.ts';
import { durationMs } from './go-duration.ts';

export type FieldKind =
  | 'string'
  | 'int'
  | 'bool'
  | 'strings'
  | 'texts'
  | 'headers'
  | 'duration'
  | 'object'
  | 'objects'
  | 'any';
export type GoFields = Readonly<Record<string, FieldKind>>;

interface Kinds {
  readonly string: string;
  readonly int: number;
  readonly bool: boolean;
  readonly strings: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds. */
  readonly duration: number;
  readonly object: Readonly<Record<string, unknown>>;
  readonly objects: readonly Readonly<Record<string, unknown>>[];
  readonly any: unknown;
}

export type Decoded<F extends GoFields> = { readonly [K in keyof F]?: Kinds[F[K]] };

export interface GoJsonFault {
  readonly fault: string;
}

const goTypes: Readonly<Record<FieldKind, string>> = {
  string: 'string',
  int: 'int',
  bool: 'bool',
  strings: '[]string',
  texts: 'map[string]string',
  headers: 'map[string][]string',
  duration: 'time.Duration',
  object: 'struct',
  objects: '[]struct',
  any: 'interface {}',
};

const isText = (value: unknown): boolean => typeof value === 'string';

const fits: Readonly<Record<FieldKind, (value: unknown) => boolean>> = {
  string: isText,
  int: (value) => Number.isSafeInteger(value),
  bool: (value) => typeof value === 'boolean',
  strings: (value) => Array.isArray(value) && value.every(isText),
  texts: (value) => isObject(value) && Object.values(value).every(isText),
  headers: (value) =>
    isObject(value) && Object.values(value).every((one) => one === null || (Array.isArray(one) && one.every(isText))),
  duration: (value) => typeof value === 'string' || Number.isSafeInteger(value),
  object: isObject,
  objects: (value) => Array.isArray(value) && value.every((one) => one === null || isObject(one)),
  any: () => true,
};

/** The body of a call; `struct`: what Go calls it in its sentences. */
export function decodeBody<F extends GoFields>(body: unknown, fields: F, struct: string): Decoded<F> | GoJsonFault {
  const read = jsonObjectOf(body);
  return 'fault' in read ? read : decodeObject(read.object, fields, struct);
}

export function decodeObject<F extends GoFields>(
  object: Readonly<Record<string, unknown>>,
  fields: F,
  struct: string,
): Decoded<F> | GoJsonFault {
  const names = namesOf(fields);
  const found: [string, unknown][] = [];
  for (const [key, value] of Object.entries(object)) {
    const name = names.get(key.toLowerCase().replaceAll('_', ''));
    if (name === undefined) return { fault: `json: unknown field ${JSON.stringify(key)}` };
    if (value === null) continue;
    const kind = fields[name] as FieldKind;
    const isFit = fits[kind](value);
    if (!isFit) {
      const where = `Go struct field ${struct}.${name} of type ${goTypes[kind]}`;
      return { fault: `json: cannot unmarshal ${jsonTypeOf(value)} into ${where}` };
    }
    if (kind !== 'duration') found.push([name, value]);
    else if (value !== '') {
      const ms = typeof value === 'number' ? value / 1_000_000 : durationMs(value as string);
      if (ms === undefined) return { fault: `time: invalid duration ${JSON.stringify(value)}` };
      found.push([name, ms]);
    }
  }
  return Object.fromEntries(found) as Decoded<F>;
}

const known = new WeakMap<GoFields, ReadonlyMap<string, string>>();

function namesOf(fields: GoFields): ReadonlyMap<string, string> {
  const names = known.get(fields) ?? new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  known.set(fields, names);
  return names;
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
