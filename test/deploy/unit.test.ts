// The systemd unit: systemd finds no fault in it and little that it could do beyond its task, and what it says of rollcall
// is so: the command runs, the settings are settings.

import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireInCi } from '../kit/installed.ts';
import { cleanEnvironment, output, run } from '../kit/program.ts';
import { scratch } from '../kit/scratch.ts';
import { root, startServer } from '../kit/server-process.ts';

const text = readFileSync(join(root, 'deploy', 'rollcall.service'), 'utf8');
const home = '/opt/rollcall';
const missing = requireInCi(['systemd-analyze', 'curl'], 'systemd curl');

/** The values of a key, in their order. */
function valuesOf(key: string): string[] {
  return Array.from(text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm')), ([, value = '']) => value);
}

/** As it is where the repository lies here. */
const here = (line: string): string => line.replaceAll(home, root);

test.skipIf(missing.length > 0)(
  `systemd finds no fault in it${missing.length > 0 ? ` (no ${missing.join()})` : ''}`,
  async () => {
    const directory = scratch({ 'rollcall.service': here(text) });
    const { code, out, err } = await run('systemd-analyze', ['verify', join(directory, 'rollcall.service')]);
    expect({ code, said: out + err }).toEqual({ code: 0, said: '' });
  },
);

test.skipIf(missing.length > 0)('it may do little beyond its task', async () => {
  const directory = scratch();
  cpSync(join(root, 'deploy', 'rollcall.service'), join(directory, 'rollcall.service'));
  const args = ['security', '--offline=true', '--no-pager', '--threshold=20', join(directory, 'rollcall.service')];
  expect(await output('systemd-analyze', args)).toMatch(/Overall exposure level for rollcall\.service: [01]\.\d OK/);
});

test('it has what port 53 and V8 need', () => {
  expect(valuesOf('AmbientCapabilities')).toEqual(['CAP_NET_BIND_SERVICE']);
  expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
  // The server stops within stopSeconds by itself, and systemd must not be faster.
  expect(Number.parseInt(valuesOf('TimeoutStopSec')[0] ?? '', 10)).toBeGreaterThan(5);
});

test.skipIf(missing.length > 0)(
  'its command starts a server with its settings, and its check waits until it is ready',
  async () => {
    const directory = scratch();
    const [command = '', ...args] = here(valuesOf('ExecStart')[0] ?? '').split(' ');
    for (const path of [command, args[0] ?? '']) expect({ path, is: existsSync(path) }).toEqual({ path, is: true });
    const env = Object.fromEntries(
      valuesOf('Environment').flatMap((line) =>
        here(line)
          .replaceAll('%S', directory)
          .split(' ')
          .map((pair) => pair.split('=', 2) as [string, string]),
      ),
    );
    expect(Object.keys(env)).toEqual(['ROLLCALL_DATA', 'ROLLCALL_ZONES']);
    const said = await output(command, [args[0] ?? '', 'config', 'print'], {
      cwd: directory,
      env: cleanEnvironment(env),
    });
    for (const name of Object.keys(env)) expect(said).toContain(`# ${name}`);
    // Flags of the kit win over the unit's folders: what is tried here is the command.
    const server = await startServer({ command: [command, ...args], env });
    const [check = '', ...words] = (valuesOf('ExecStartPost')[0] ?? '').split(' ');
    expect(
      await run(
        check,
        words.map((word) => word.replace(':7171', `:${server.httpPort}`)),
      ),
    ).toMatchObject({ code: 0 });
    await server.stop();
  },
);
