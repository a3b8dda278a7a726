// A thread with a lower priority, and the other threads, which keep theirs.

import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const source = new URL('../../../src/dns/plane/thread-priority.ts', import.meta.url).href;

/** The niceness is the nineteenth field of a thread's stat. */
const nicenessOf = (thread: number | string) =>
  Number(
    readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[16],
  );

test.skipIf(process.platform !== 'linux')('its niceness is higher, that of the main thread what it was', async () => {
  const before = nicenessOf(process.pid);
  const worker = new Worker(
    `import(${JSON.stringify(source)}).then(({ stepBack }) => {
      const { parentPort } = require('node:worker_threads');
      parentPort.postMessage(stepBack());
      parentPort.once('message', () => process.exit());
    })`,
    { eval: true },
  );
  const thread = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect(thread).not.toBe(process.pid);
  expect(nicenessOf(thread)).toBe(Math.min(19, before + 5));
  expect(nicenessOf(process.pid)).toBe(before);
  await worker.terminate();
});
