// What a Node process holds on its heaps, without garbage: asked over the inspector (Chrome DevTools Protocol), which the
// process has opened at its start. Its worker threads have heaps of their own. Array buffers count; memory of libraries does not.

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../kit/process/until.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId: string; readonly message: string };
  readonly result?: { readonly usedSize: number; readonly backingStorageSize: number };
}

/** A worker reports within this time. */
const attachMs = 500;

/**
 * Octets used after a full collection, of the main thread and all workers together. The process must have been started
 * with `--inspect`.
 */
export async function liveHeapBytes(inspectPort: number): Promise<number> {
  const socket = new WebSocket(await until('the inspector', () => addressOf(inspectPort)));
  const waiting = new Map<number, (message: Message) => void>();
  const workers: string[] = [];
  let id = 0;
  const hear = (message: Message): void => {
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    if (message.method === 'NodeWorker.attachedToWorker' && message.params) workers.push(message.params.sessionId);
    if (message.method === 'NodeWorker.receivedMessageFromWorker' && message.params) {
      hear(JSON.parse(message.params.message) as Message);
    }
  };
  const call = (method: string, params: object = {}, worker?: string): Promise<Message> => {
    const answered = new Promise<Message>((resolve) => waiting.set(++id, resolve));
    const message = JSON.stringify({ id, method, params });
    if (worker === undefined) socket.send(message);
    else void call('NodeWorker.sendMessageToWorker', { sessionId: worker, message });
    return answered;
  };
  socket.addEventListener('message', ({ data }) => hear(JSON.parse(String(data)) as Message));
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  await call('NodeWorker.enable', { waitForDebuggerOnStart: false });
  await sleep(attachMs);
  let bytes = 0;
  for (const thread of [undefined, ...workers]) {
    await call('HeapProfiler.collectGarbage', {}, thread);
    const { result } = await call('Runtime.getHeapUsage', {}, thread);
    bytes += result === undefined ? Number.NaN : result.usedSize + result.backingStorageSize;
  }
  socket.close();
  return bytes;
}

async function addressOf(inspectPort: number): Promise<string | undefined> {
  try {
    const [target] = (await (await fetch(`http://127.0.0.1:${inspectPort}/json/list`)).json()) as Target[];
    return target?.webSocketDebuggerUrl;
  } catch {
    return undefined;
  }
}

interface Target {
  readonly webSocketDebuggerUrl: string;
}
