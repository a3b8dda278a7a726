// Reads a service file off the main thread where it is large: a large one in a thread of its own, since a megabyte of YAML takes
// seconds, in which no renewal would be answered and every check would be late. A small one is read here: it takes less
// time than a thread takes to start.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { RegistrationDefaults } from '../../model/instance.ts';
import { parseServiceFile, type ServiceFile } from './service-file.ts';

/** Some ten milliseconds. */
const hereMax = 16 * 1024;

/** Never rejects. */
export async function parseApart(text: string, defaults: RegistrationDefaults): Promise<ServiceFile> {
  if (text.length <= hereMax) return parseServiceFile(text, defaults);
  const thread = new Worker(new URL('./parse-thread.ts', import.meta.url), { workerData: { text, defaults } });
  try {
    const [file] = (await once(thread, 'message')) as [ServiceFile];
    return file;
  } catch (error) {
    return { faults: [`1:1: ${(error as Error).message}`] };
  } finally {
    await thread.terminate();
  }
}
