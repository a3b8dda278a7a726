// The systemd unit: systemd finds no fault in it and few rights beyond its task, and its settings of rollcall
// is so: the command runs, the settings are settings.

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentNameOf, settingKeys } from '../../src/config/settings.ts';
import { installed, requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, output, run } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { root, startServer } from '../kit/process/server-process.ts';

const text = readFileSync(join(root, 'deploy', 'rollcall.service'), 'utf8');
const home = '/opt/rollcall';
const missing = requireInCi(['systemd-analyze'], 'systemd');

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
    expect({ code, output: out + err }).toEqual({ code: 0, output: '' });
  },
);

test.skipIf(missing.length > 0 || !installed('etcd'))(
  'nor in the units of a cluster, whose settings are settings (etcd-server, systemd)',
  async () => {
    const cluster = (name: string): string => readFileSync(join(root, 'deploy', 'cluster', name), 'utf8');
    const directory = scratch({
      'rollcall.service': here(text),
      'rollcall.service.d/node.conf': cluster('rollcall-node.conf'),
      'rollcall-etcd.service': cluster('rollcall-etcd.service'),
    });
    for (const unit of ['rollcall-etcd.service', 'rollcall.service']) {
      const env = cleanEnvironment({ SYSTEMD_UNIT_PATH: `${directory}:` });
      const { code, out, err } = await run('systemd-analyze', ['verify', join(directory, unit)], { env });
      expect({ unit, code, output: out + err }).toEqual({ unit, code: 0, output: '' });
    }
    const assigned = Array.from(cluster('rollcall-node.conf').matchAll(/\b(ROLLCALL_\w+)=/g), ([, name]) => name);
    expect(assigned.length).toBeGreaterThan(6);
    const variables = new Set(settingKeys.map(environmentNameOf));
    expect(assigned.filter((name = '') => !variables.has(name))).toEqual([]);
  },
);

// systemd-analyze gives 0 to 10; the threshold is tenths of that.
test.skipIf(missing.length > 0).each([
  ['for ports above 1023', [], 12],
  ['with port 53', ['rollcall-port53.conf'], 15],
])('it may do little beyond its task: %s', async (_what, dropIns, threshold) => {
  const directory = scratch(Object.fromEntries([['rollcall.service', text]]));
  for (const name of dropIns)
    cpSync(join(root, 'deploy', name), join(directory, 'rollcall.service.d', name), { recursive: true });
  const args = ['security', '--offline=true', '--no-pager', `--threshold=${threshold}`, 'rollcall.service'];
  const env = cleanEnvironment({ SYSTEMD_UNIT_PATH: `${directory}:` });
  const printed = await output('systemd-analyze', args, { cwd: directory, env });
  expect(printed).toMatch(/Overall exposure level for rollcall\.service: 1\.\d OK/);
  // The drop-in was read.
  expect(/^✗ AmbientCapabilities=/m.test(printed)).toBe(dropIns.length > 0);
});

test('it has what V8 needs, and port 53 with the drop-in alone', () => {
  expect(valuesOf('AmbientCapabilities')).toEqual([]);
  expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
  const dropIn = readFileSync(join(root, 'deploy', 'rollcall-port53.conf'), 'utf8');
  expect(dropIn).toMatch(/^PrivateUsers=no\nAmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
  // The server stops within stopSeconds by itself, and systemd must not be faster.
  expect(Number.parseInt(valuesOf('TimeoutStopSec')[0] ?? '', 10)).toBeGreaterThan(5);
});

test('it counts as started when the server is ready, at any addresses, and has a watchdog', () => {
  expect(valuesOf('Type')).toEqual(['notify']);
  expect(valuesOf('ExecStartPost')).toEqual([]);
  expect(Number.parseInt(valuesOf('WatchdogSec')[0] ?? '', 10)).toBeGreaterThanOrEqual(10);
});

test('its command starts a server, and every setting in rollcall.yaml takes effect', async () => {
  expect(valuesOf('Environment').filter((line) => line.includes('ROLLCALL_'))).toEqual([]);
  const [command = '', ...args] = here(valuesOf('ExecStart')[0] ?? '').split(' ');
  expect(args).toEqual(['serve']);
  const directory = scratch({ 'rollcall.yaml': 'http: 127.0.0.1:7199\nserverId: of-the-file\n' });
  const env = cleanEnvironment({ STATE_DIRECTORY: join(directory, 'state') });
  const printed = await output(command, ['config', 'print'], { cwd: directory, env });
  expect(printed).toMatch(/http: \["127\.0\.0\.1:7199"\] +# rollcall\.yaml:1/);
  expect(printed).toMatch(/data: .*state +# STATE_DIRECTORY/);
  expect(printed).toMatch(/zones: zones +# default/);
  const server = await startServer({ command: [command, ...args] });
  await server.stop();
});

test('a data folder in the file beats the one of the unit', async () => {
  const [command = ''] = here(valuesOf('ExecStart')[0] ?? '').split(' ');
  const directory = scratch({ 'rollcall.yaml': 'data: /somewhere/else\n' });
  const env = cleanEnvironment({ STATE_DIRECTORY: directory });
  expect(await output(command, ['config', 'print'], { cwd: directory, env })).toMatch(
    /data: \/somewhere\/else +# rollcall/,
  );
});
