// What lies in a data folder under a name of ours and is no file: opening it could wait for ever, so the start fails with its path.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { notAFile, openFolder } from '../../src/store/data-folder.ts';
import { keptOptions } from '../kit/history/kept-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const folders: string[] = [];

function folderOf(): string {
  const folder = scratch();
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) removeScratch(folder);
});

const makePipe = (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
const names = ['rollcall.db', 'rollcall.db-wal', 'rollcall.db.new', 'rollcall.lock'];
const plain = ['revision', 'revision.new', 'life', 'life.new'];

test.each([...names, ...plain])('%s as a named pipe keeps the folder from being opened', (name) => {
  const folder = folderOf();
  makePipe(join(folder, name));
  expect(openFolder({ ...keptOptions(folder), folder, revision: 1 }, 0)).toEqual({
    problem: expect.stringContaining(name) as string,
  });
});

test('a directory, or a link to a device, is none either', () => {
  const folder = folderOf();
  mkdirSync(join(folder, 'life'));
  expect(notAFile(folder)).toBe('life');
  const other = folderOf();
  symlinkSync('/dev/zero', join(other, 'revision'));
  expect(notAFile(other)).toBe('revision');
});

test('what is not ours may be anything', () => {
  const folder = folderOf();
  makePipe(join(folder, 'lifeboat'));
  mkdirSync(join(folder, 'backup'));
  writeFileSync(join(folder, 'life'), '');
  expect(notAFile(folder)).toBe(undefined);
});
