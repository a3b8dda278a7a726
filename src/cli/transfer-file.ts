// The file of `rollcall export` and `rollcall import`: its lines one after the other, so that a file of any length takes
// no memory, and its first and last lines. The lines between them are the server's to judge.

import { type Fields, textField } from './document-fields.ts';

/** The largest registration with all that adapters may keep is below 100 KiB. */
export const lineCharactersMax = 256 * 1024;
/** The newest form that this version reads. */
const versionMax = 1;

/** Lines without their ends; throws where one is too long. */
export async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > lineCharactersMax) throw new Error(`a line is longer than ${lineCharactersMax} characters`);
  }
  if (rest !== '') yield rest;
}

/** Why a first line is not that of an export that can be read; undefined: it is. */
export function headProblem(head: unknown): string | undefined {
  const fields = (typeof head === 'object' && head !== null ? head : {}) as Fields;
  if (fields['kind'] !== 'export') return 'its first line is not that of "rollcall export"';
  const v = Number(textField(fields, 'v'));
  return v >= 1 && v <= versionMax
    ? undefined
    : `it has form ${textField(fields, 'v')}, and this version reads ${versionMax}`;
}

export function lastLineIsEnd(tail: string): boolean {
  return tail.trimEnd().split('\n').at(-1)?.startsWith('{"kind":"end"') === true;
}
