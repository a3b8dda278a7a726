// What a call of discovery has to have. A missing field is answered in the words of the original's validator, whose
// clients' logs people search for.

import type { Parameters } from '../parameters.ts';

/** Parameters by the names of the original's fields, in its order. */
const names = {
  Zone: 'zone',
  Env: 'env',
  AppID: 'appid',
  Hostname: 'hostname',
  Status: 'status',
  Addrs: 'addrs',
} as const;
export type ArgumentName = keyof typeof names;

/** The fields that a list must have one of; the others may not be empty. */
const lists: ReadonlySet<string> = new Set(['Addrs']);

/** The sentence of the original; undefined: all are there. */
export function missingArguments(
  call: string,
  given: Parameters,
  required: readonly ArgumentName[],
  listed: readonly ArgumentName[] = [],
): string | undefined {
  const faults = required.flatMap((field) => {
    const tag = lists.has(field) || listed.includes(field) ? 'gt' : 'required';
    const values = given.all(names[field]).filter((value) => value !== '' && !(field === 'Status' && value === '0'));
    if (values.length > 0) return [];
    return [`Key: 'Arg${call}.${field}' Error:Field validation for '${field}' failed on the '${tag}' tag`];
  });
  return faults.length === 0 ? undefined : faults.join('\n');
}

/** int64 in text; undefined: it is none. */
export function int64Of(text: string): bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}
