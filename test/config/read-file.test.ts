// What is not a file is a sentence, and never a wait.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readFile } from '../../src/config/read-file.ts';
import { cleanEnvironment, run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { main } from '../kit/process/server-process.ts';

const makePipe = (path: string) => execFileSync('sh', ['-c', 'mkfifo "$0"', path]);

test('a file, an empty one, none, and one without end', () => {
  const folder = scratch({ text: 'http: ü\n', empty: '' });
  expect(readFile(join(folder, 'text'))).toEqual({ kind: 'text', text: 'http: ü\n' });
  expect(readFile(join(folder, 'empty'))).toEqual({ kind: 'text', text: '' });
  expect(readFile('/dev/null')).toEqual({ kind: 'text', text: '' });
  expect(readFile(join(folder, 'none'))).toEqual({ kind: 'missing' });
  writeFileSync(join(folder, 'long'), Buffer.alloc(5 * 1024 * 1024, 'x'));
  expect(readFile(join(folder, 'long'))).toMatchObject({
    kind: 'unreadable',
    reason: expect.stringContaining('longer'),
  });
});

test('a pipe, a directory, a device and a socket are unreadable', async () => {
  const folder = scratch();
  makePipe(join(folder, 'pipe'));
  mkdirSync(join(folder, 'directory'));
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(join(folder, 'socket'), resolve);
  });
  onTestFinished(() => void server.close());
  for (const path of [join(folder, 'pipe'), join(folder, 'directory'), join(folder, 'socket'), '/dev/zero'])
    expect({ path, found: readFile(path) }).toMatchObject({ path, found: { kind: 'unreadable' } });
});

test('what a shell hands over as a descriptor is read', async () => {
  const { code, out } = await run(
    'bash',
    ['-c', `"$0" "$1" config print --config <(echo 'origin: pipe.')`, process.execPath, main],
    {
      env: cleanEnvironment(),
      cwd: scratch(),
    },
  );
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('origin: pipe.') });
});

test.each<[what: string, make: readonly string[], flags: readonly string[], expected: RegExp]>([
  ['a database that is a pipe', ['data/rollcall.db'], ['--data', 'data'], /rollcall\.db is not a regular file/],
  ['a lock that is a pipe', ['data/rollcall.lock'], ['--data', 'data'], /rollcall\.lock is not a regular file/],
  ['a log that is a pipe', ['data/rollcall.db-wal'], ['--data', 'data'], /rollcall\.db-wal is not a regular file/],
  ['a mark of the revision that is a pipe', ['data/revision'], ['--data', 'data'], /revision is not a regular file/],
  ['a data folder that is a pipe', ['data'], ['--data', 'data'], /it is not a folder/],
  [
    'tokens in a pipe',
    ['tokens'],
    ['--data', 'none', '--token-file', 'tokens'],
    /--token-file: cannot read "tokens": it is a pipe/,
  ],
  ['settings in a pipe', ['x.yaml'], ['--config', 'x.yaml'], /--config: cannot read "x\.yaml": it is a pipe/],
])('%s ends the start with a sentence', async (_what, paths, flags, expected) => {
  const cwd = scratch();
  for (const path of paths) {
    mkdirSync(join(cwd, path, '..'), { recursive: true });
    makePipe(join(cwd, path));
  }
  const where = ['--http', '127.0.0.1:0', '--dns', '127.0.0.1:0'];
  const { code, err } = await run(process.execPath, [main, 'serve', ...where, ...flags], {
    cwd,
    env: cleanEnvironment(),
    withinMs: 30_000,
  });
  expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(expected) });
});
