// The completion scripts: every command and flag is in them, and the shells that are here can run them.

import { describe, expect, test } from 'vitest';
import { snippets } from '../../../src/cli/commands/snippet.ts';
import { commandRows } from '../../../src/cli/commands.ts';
import { typed } from '../../kit/cli/cli-world.ts';
import { installed } from '../../kit/process/installed.ts';
import { output } from '../../kit/process/program.ts';
import { scratch } from '../../kit/process/scratch.ts';

const names = commandRows.map(({ spec }) => spec.split(' ')[0] ?? '');

test.each(['bash', 'zsh', 'fish'])('%s: has every command and its flags', async (shell) => {
  const { code, out } = await typed(['completion', shell]);
  expect(code).toBe(0);
  for (const name of names) expect(out).toContain(name);
  for (const flag of ['resolv-conf', 'if-absent', 'token-file', 'log-level']) expect(out).toContain(flag);
  for (const name of snippets.keys()) expect(out).toContain(name);
  const shellPath = `/bin/${shell}`;
  if (installed(shell)) await output(installed(shellPath) ? shellPath : shell, ['-n', `${scratch({ it: out })}/it`]);
});

test('no shell, or another one, is wrong usage', async () => {
  expect((await typed(['completion'])).code).toBe(2);
  expect((await typed(['completion', 'tcsh'])).err).toContain('Allowed choices are bash, zsh, fish');
});

describe.skipIf(!installed('bash'))('in bash', () => {
  test.each([
    ['rollcall s', ['serve', 'show', 'snippet']],
    ['rollcall snippet ', [...snippets.keys()]],
    ['rollcall ls --output ', ['table', 'json', 'yaml']],
    ['rollcall doctor --reso', ['--resolver', '--resolv-conf']],
    ['rollcall ls --url ', []],
    ['rollcall check-zones zo', ['zones']],
    ['rollcall serve --token-file zo', ['zones']],
  ])('%j is completed', async (line, wanted) => {
    const { out } = await typed(['completion', 'bash']);
    const cwd = scratch({ script: out, 'zones/a': '' });
    const words = line.split(' ');
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const steps = `source ./script; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _rollcall; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const printed = await output('bash', ['--norc', '-c', steps], { cwd });
    expect(printed.split('\n').filter((word) => word !== '')).toEqual(wanted);
  });
});
