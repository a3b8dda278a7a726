// Help and usage.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commandMeantBy } from '../../src/cli/command-synonyms.ts';
import { commandRows } from '../../src/cli/commands.ts';
import { settingKeys } from '../../src/config/settings.ts';
import { typed } from '../kit/cli/cli-world.ts';
import { rollcall } from '../kit/cli/command-line.ts';

test('--version is the one of package.json', async () => {
  const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  expect(await rollcall(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

test.each([
  [
    ['--help'],
    [
      'serve',
      'init [dir]',
      'check-zones',
      'config',
      'ls [env]',
      'Exit codes: 0',
      'weakest first: defaults, rollcall.yaml, ROLLCALL_* variables, flags',
    ],
  ],
  [
    ['serve', '--help'],
    ['--http <host:port,...>', '(default: 127.0.0.1:8053)', '--insecure', 'curl -X PUT', 'dig @127.0.0.1'],
  ],
  [
    ['check-zones', '--help'],
    ['file:line:column', 'Exit code 1'],
  ],
  [
    ['config', '--help'],
    [...settingKeys, 'ROLLCALL_LEASE_SECONDS', '5..86400 seconds'],
  ],
  [
    ['ls', '--help'],
    ['--url <url>', 'jq'],
  ],
  [
    ['show', '--help'],
    ['prod/orders/orders-1', '--tag <text>', 'Exit code 4'],
  ],
  [
    ['register', '--help'],
    ['--addr <url>', '--version <text>', 'renews the lease'],
  ],
  [
    ['run', '--help'],
    ['-- python3 -m http.server', '--ready-http <path>', '128 and the signal'],
  ],
  [
    ['cancel', '--help'],
    ['safeToStopAt', 'Exit code 4'],
  ],
  [
    ['drain', '--help'],
    ['--wait [duration]', '--hold <duration>', 'systemctl stop', 'Exit code 1'],
  ],
  [
    ['up', '--help'],
    ['--reason <text>', 'Exit code 4'],
  ],
  [
    ['check-services', '--help'],
    ['file:line:column', 'Exit code 1'],
  ],
  [
    ['watch', '--help'],
    ['--output json | jq', '--count <number>', 'gap'],
  ],
  [
    ['events', '--help'],
    ['--follow', '--why <word>', 'rollcall restore'],
  ],
  [
    ['restore', '--help'],
    ['--yes', '--by-address <ip>', 'fresh lease'],
  ],
  [
    ['guard', '--help'],
    ['jq -e', 'docs/guard.md'],
  ],
  [
    ['resolve', '--help'],
    ['--server <host:port>', '3 the name exists', '4 no such name'],
  ],
  [
    ['snippet', '--help'],
    ['unbound', 'systemd-resolved', 'kubernetes', '--also <domain>'],
  ],
  [
    ['completion', '--help'],
    ['source <(rollcall completion bash)', 'choices: "bash", "zsh", "fish"'],
  ],
  [
    ['doctor', '--help'],
    ['--resolv-conf <file>', '--resolver <host:port>', 'Exit code 1'],
  ],
])('%j teaches, with examples', async (args, parts) => {
  const { code, out, err } = await typed(args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('\nExamples:\n  ');
  // A long description goes on in the next line, as a comment.
  const unwrapped = out.replaceAll(/\n +# /g, ' ');
  for (const part of parts) expect(unwrapped).toContain(part);
  expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
});

test('help has no flag for tokens: the arguments of a process can be read by all users', async () => {
  const { out } = await typed(['serve', '--help']);
  expect(out).toContain('--token-file');
  expect(out).not.toMatch(/--tokens?\b(?!-file)/);
});

test.each([
  [[], /Usage: rollcall/],
  [['srve'], /unknown command 'srve'\s+\(Did you mean serve\?\)/],
  [['serve', '--htp', 'x'], /unknown option '--htp'\s+\(Did you mean --http\?\)/],
  [['serve', 'x'], /too many arguments/],
  [['serve', '--http'], /argument missing/],
  [['check-zones', 'a', 'b'], /too many arguments/],
])('%j is refused on stderr with exit code 2', async (args, expected) => {
  const { code, out, err } = await typed(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(expected);
});

test.each([
  ['deregister', 'cancel'],
  ['unregister', 'cancel'],
  ['delete', 'cancel'],
  ['list', 'ls'],
  ['status', 'show'],
  ['dig', 'resolve'],
  ['heartbeat', 'run'],
  ['enable', 'up'],
  ['undo', 'restore'],
  ['Check', 'check-zones'],
])('what is called %s elsewhere is %s', async (word, command) => {
  const { code, out, err } = await typed([word, 'prod/orders/orders-1']);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(
    new RegExp(`unknown command '${word}'\n\\(Did you mean ${command}\\?\\)\n  rollcall ${command} `),
  );
});

test('no word of other tools is a command of ours', async () => {
  for (const { spec } of commandRows) expect(commandMeantBy(spec.split(' ')[0] ?? '')).toBeUndefined();
  expect(await typed(['help'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean --help?') });
});

test('the process ends with that code', async () => {
  expect(await rollcall(['srve'])).toMatchObject({ code: 2, out: '' });
});
