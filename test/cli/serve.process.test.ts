// `rollcall serve` as a process: it starts, prints where it listens, stops at a signal, and prints why it cannot start.

import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { rollcall, startRollcall } from '../kit/cli/command-line.ts';

const anywhere = ['serve', '--http', '127.0.0.1:0', '--dns', '127.0.0.1:0', '--data', 'none'];

/** A TCP port of 127.0.0.1 that is in use until the test ends. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'prints where it listens and stops at %s with exit code 0',
  async (signal) => {
    const { child, ended, untilOutput } = startRollcall(anywhere, { files: { 'zones/.keep': '' } });
    const text = await untilOutput(/127\.0\.0\.1[^\n]*\n/);
    expect(text).not.toContain('127.0.0.1:0');
    child.kill(signal);
    const { code, out } = await ended;
    expect(out).toContain(`${signal}: stopping`);
    expect(code).toBe(0);
  },
);

test('starts in an empty folder without zones, but not where a folder is named that is missing', async () => {
  const { child, ended, untilOutput } = startRollcall(anywhere);
  await untilOutput(/rollcall is ready/);
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
  const { code, err } = await rollcall([...anywhere, '--zones', 'zones']);
  expect(code).toBe(1);
  expect(err).toContain('there is no such folder');
});

test.each(['--http', '--dns'])('a taken port for %s is one sentence and exit code 1', async (flag) => {
  const port = await takenPort();
  const { code, err } = await rollcall([...anywhere, flag, `127.0.0.1:${port}`], { files: { 'zones/.keep': '' } });
  expect(code).toBe(1);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(err).toContain(`127.0.0.1:${port}`);
});

test('an open API without tokens is refused before anything starts', async () => {
  const { code, out, err } = await rollcall(['serve', '--http', '0.0.0.0:0', '--dns', '127.0.0.1:0']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('--insecure');
});
