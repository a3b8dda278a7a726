// The file of when apps were asked for: what is written is read back, and what is damaged is as none.

import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readAsked, removeAsked, writeAsked } from '../../src/store/asked-file.ts';
import { output } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const folders: string[] = [];
afterAll(() => folders.forEach(removeScratch));

function folder(): string {
  const made = scratch();
  folders.push(made);
  return made;
}

const file = 'rollcall.asked.json';
const record = { sinceMs: 1, writtenMs: 2, apps: [['prod/orders', 3] as const, ['__proto__/x', 4] as const] };

test('what is written is read back, privately, and nothing else is left', async () => {
  const at = folder();
  expect(readAsked(at)).toBeUndefined();
  await writeAsked(at, record);
  expect(readAsked(at)).toEqual(record);
  expect(readdirSync(at)).toEqual([file]);
  expect(statSync(join(at, file)).mode & 0o777).toBe(0o600);
  removeAsked(at);
  removeAsked(at);
  expect(readAsked(at)).toBeUndefined();
});

test.each([
  '',
  'null',
  '[]',
  '{"version":2,"sinceMs":1,"writtenMs":1,"apps":{}}',
  '{"version":1,"sinceMs":"1","writtenMs":1,"apps":{}}',
  '{"version":1,"sinceMs":1,"writtenMs":1}',
])('a file with %j is as none', (text) => {
  const at = folder();
  writeFileSync(join(at, file), text);
  expect(readAsked(at)).toBeUndefined();
});

test('a time that is none is left out', () => {
  const at = folder();
  writeFileSync(join(at, file), '{"version":1,"sinceMs":1,"writtenMs":1,"apps":{"a/b":-1,"a/c":"x","a/d":5}}');
  expect(readAsked(at)?.apps).toEqual([['a/d', 5]]);
});

test('a folder and a pipe in its place are as none, and delay nothing', async () => {
  const at = folder();
  mkdirSync(join(at, file));
  expect(readAsked(at)).toBeUndefined();
  const other = folder();
  await output('mkfifo', [join(other, file)]);
  expect(readAsked(other)).toBeUndefined();
});

test('what cannot be written leaves nothing behind', async () => {
  const at = folder();
  mkdirSync(join(at, file));
  writeFileSync(join(at, file, 'x'), '');
  await expect(writeAsked(at, record)).rejects.toThrow();
  expect(readdirSync(at)).toEqual([file]);
});
