// Modes of files with secrets: which are private enough.

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exposureOf } from '../../src/runtime/exposed-file.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const folder = scratch();
afterAll(() => removeScratch(folder));

function exposed(mode: number) {
  const path = join(folder, 'secrets');
  writeFileSync(path, '');
  chmodSync(path, mode);
  return exposureOf(path);
}

test.each([0o600, 0o400, 0o640, 0o440, 0o000])('mode %i is private', (mode) => {
  expect(exposed(mode)).toBeUndefined();
});

test.each([
  [0o644, '0644', 'read by every user'],
  [0o604, '0604', 'read by every user'],
  [0o666, '0666', 'changed by every user'],
  [0o602, '0602', 'changed by every user'],
  [0o660, '0660', 'changed by its group'],
])('mode %i is not', (mode, shown, text) => {
  expect(exposed(mode)).toMatchObject({ mode: shown, text: expect.stringContaining(text) });
});

test('what is no file is no concern of this', () => {
  expect(exposureOf(folder)).toBeUndefined();
  expect(exposureOf(join(folder, 'none'))).toBeUndefined();
});
