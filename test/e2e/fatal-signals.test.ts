// Signals that are not for a program to answer: a fault in native code ends the process at once, and the one that opens
// Node's inspector opens nothing.

import { expect, test } from 'vitest';
import { startServer } from '../kit/process/server-process.ts';

test.each(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE', 'SIGABRT'] as const)('%s ends it', async (signal) => {
  const server = await startServer();
  process.kill(server.pid, signal);
  const { code, signal: endedBy } = await server.ended;
  expect({ code, endedBy }).toEqual({ code: null, endedBy: signal });
});

test('SIGUSR1 opens no inspector', async () => {
  const server = await startServer();
  process.kill(server.pid, 'SIGUSR1');
  const reply = await fetch(`${server.http}/healthz`);
  expect(reply.status).toBe(200);
  await server.stop();
  expect(server.output()).not.toMatch(/debugger/i);
});
