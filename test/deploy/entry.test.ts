// The program's entry under a Node that is too old: a sentence with what is needed, and no stack trace.

import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnvironment, run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { root } from '../kit/process/server-process.ts';

/** Makes this Node report another version. */
function pretending(version: string): string[] {
  const directory = scratch({
    'old.cjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
Object.defineProperty(process, 'version', { value: 'v${version}' });`,
  });
  return ['--require', join(directory, 'old.cjs')];
}

const entry = join(root, 'bin', 'rollcall.cjs');

test.each(['18.19.0', '20.19.5', '24.11.1'])('Node %s: a sentence, exit code 1', async (version) => {
  const { code, out, err } = await run(process.execPath, [...pretending(version), entry, 'serve']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(new RegExp(`^rollcall needs Node 24\\.12 or later, this is v${version.replaceAll('.', '\\.')} `));
  expect(err.trim().split('\n').length).toBe(1);
});

test.each(['24.12.0', '26.0.0'])('Node %s: the program', async (version) => {
  const { code, out } = await run(process.execPath, [...pretending(version), entry, '--version']);
  expect({ code, out: out.trim() }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
});

test('the command of a clone without a Node of its own takes the one of the PATH', async () => {
  const clone = scratch();
  for (const path of ['bin', 'deploy/bin', 'src', 'package.json'])
    cpSync(join(root, path), join(clone, path), { recursive: true });
  const command = join(clone, 'deploy', 'bin', 'rollcall');
  expect(await run(command, ['--version'])).toMatchObject({ code: 1, err: expect.stringContaining('npm ci') });
  mkdirSync(join(clone, 'node_modules'));
  for (const name of ['commander', 'close-with-grace'])
    symlinkSync(join(root, 'node_modules', name), join(clone, 'node_modules', name));
  expect(existsSync(join(clone, 'node_modules', '.bin'))).toBe(false);
  const nodes = scratch();
  symlinkSync(process.execPath, join(nodes, 'node'));
  const env = cleanEnvironment({ PATH: `${nodes}:/usr/bin:/bin` });
  expect(await run(command, ['--version'], { env })).toMatchObject({ code: 0 });
});
