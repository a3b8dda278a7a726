// Which life a data folder belongs to, over restarts, losses and damage.

import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { lifeTokenOf } from '../../src/store/life-file.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const faults: string[] = [];
const folders: string[] = [];
const tokenOf = (folder: string, isNew = false) => lifeTokenOf(folder, isNew, (fault) => faults.push(fault));

function folderOf(): string {
  const folder = scratch();
  folders.push(folder);
  return folder;
}

afterEach(() => {
  faults.length = 0;
  for (const folder of folders.splice(0)) {
    chmodSync(folder, 0o755);
    removeScratch(folder);
  }
});

test('a new folder gets a token, which every later start has', () => {
  const folder = folderOf();
  const token = tokenOf(folder, true);
  expect(readFileSync(join(folder, 'life'), 'utf8')).toBe(`${token}\n`);
  expect(tokenOf(folder)).toBe(token);
});

test('data that was made anew is another life, though the file is still there', () => {
  const folder = folderOf();
  const token = tokenOf(folder, true);
  const next = tokenOf(folder, true);
  expect(next).not.toBe(token);
  expect(tokenOf(folder)).toBe(next);
});

test.each([
  ['lost', (path: string) => rmSync(path)],
  ['damaged', (path: string) => writeFileSync(path, 'no token')],
])('a token that is %s is made anew', (_what, harm) => {
  const folder = folderOf();
  const token = tokenOf(folder, true);
  harm(join(folder, 'life'));
  const next = tokenOf(folder);
  expect(next).not.toBe(token);
  expect(tokenOf(folder)).toBe(next);
});

test('two folders share none', () => {
  expect(tokenOf(folderOf(), true)).not.toBe(tokenOf(folderOf(), true));
});
