// What systemd hears of the service, through a socket of the test's own: a datagram socket of AF_UNIX, which Node has not,
// read by a few lines of Python.

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openServiceNotify } from '../../src/runtime/service-notify.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { type Program, start, startWhen } from '../kit/process/program.ts';
import { scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['python3'], 'python3');
const reader = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', chr(0)))
print('bound', flush=True)
while True: print(s.recv(4096).decode(), flush=True)
`;

async function manager(path: string): Promise<Program> {
  const program = start('python3', ['-c', reader, path]);
  onTestFinished(async () => void (await program.stop('SIGKILL')));
  return startWhen('it listens', program, () => program.output().includes('bound'));
}

const heard = (program: Program, what: string) =>
  program
    .output()
    .split('\n')
    .filter((line) => line === what).length;

test.skipIf(missing.length > 0)('a server notifies ready, watchdog and stopping', async () => {
  const path = join(scratch(), 'notify');
  const systemd = await manager(path);
  const server = await startServer({ env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '60000' } });
  await until('it was fed twice', () => heard(systemd, 'WATCHDOG=1') >= 2);
  await server.stop();
  await until('STOPPING=1', () => heard(systemd, 'STOPPING=1') === 1);
  const lines = systemd
    .output()
    .split('\n')
    .filter((line) => line !== '');
  expect(lines.slice(0, 3)).toEqual(['bound', 'READY=1', 'WATCHDOG=1']);
});

test.skipIf(missing.length > 0)('a socket of the abstract namespace is one as well', async () => {
  const path = `@rollcall-test-${process.pid}`;
  const systemd = await manager(path);
  const notify = await openServiceNotify({ NOTIFY_SOCKET: path }, () => {});
  await notify.ready(async () => {});
  await until('it is heard', () => heard(systemd, 'READY=1') === 1);
});

test.skipIf(missing.length > 0)('a part that does not answer starves the watchdog', async () => {
  const path = join(scratch(), 'notify');
  const systemd = await manager(path);
  const notify = await openServiceNotify({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '3000' }, () => {});
  let asked = 0;
  await notify.ready(() => {
    asked++;
    return asked < 3 ? Promise.resolve() : new Promise(() => {});
  });
  await until('it was asked', () => asked === 3 && heard(systemd, 'WATCHDOG=1') === 2);
  await notify.stopping();
  await until('STOPPING=1', () => heard(systemd, 'STOPPING=1') === 1);
  expect({ asked, fed: heard(systemd, 'WATCHDOG=1') }).toEqual({ asked: 3, fed: 2 });
});

test('outside of a unit nothing is sent', async () => {
  const notify = await openServiceNotify({ WATCHDOG_USEC: '1000' }, () => {});
  let asked = 0;
  await notify.ready(async () => void asked++);
  await notify.stopping();
  expect(asked).toBe(0);
});
