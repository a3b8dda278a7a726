// The identity of the life that a data folder belongs to (model/life.ts): a short random token in a file of its own,
// made once with the folder. It is made anew where the data of the folder is: revisions of a database that is not there
// any more mean nothing for the next one, though counting goes on after them.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isLifeToken, lifeTokenFrom } from '../model/life.ts';
import { replaceFile } from './revision-file.ts';

const fileName = 'life';
const tokenOctets = 8;

/** A token that no other life has. */
export function newLifeToken(): string {
  return lifeTokenFrom(randomBytes(tokenOctets));
}

/**
 * The token of the folder. `isNew`: its data was just made. A token that cannot be kept counts for this start alone, as
 * one that cannot be read does: clients then begin anew, which is needless and right.
 */
export function lifeTokenOf(folder: string, isNew: boolean, onFault: (message: string) => void): string {
  const path = join(folder, fileName);
  const kept = isNew ? undefined : readToken(path);
  if (kept !== undefined) return kept;
  const token = newLifeToken();
  try {
    replaceFile(path, `${token}\n`);
  } catch (error) {
    onFault(`Cannot keep the identity of this registry in ${path}: ${(error as Error).message}`);
  }
  return token;
}

function readToken(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trimEnd();
    return isLifeToken(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
