// One writer and two readers of each of a few instances in mode cp, and what their calls imply about each other: a consistent
// read shows the last write that was acknowledged before it, or one that was in progress, or one whose outcome is unknown,
// which may take effect at any time; and what was refused is never seen.

import { setTimeout as pause } from 'node:timers/promises';
import type { ServerProcess } from '../process/server-process.ts';
import { api } from './cluster-world.ts';

export interface RegisterCall {
  readonly key: string;
  readonly kind: 'write' | 'read';
  readonly value: number;
  readonly calledMs: number;
  readonly returnedMs: number;
  /** Reads have succeeded. */
  readonly outcome: 'done' | 'refused' | 'unknown';
}

type Nodes = readonly (ServerProcess | undefined)[];

const callMs = 4000;

/** Sentences on what contradicts linearizability; values of a key are written in rising order by one writer. */
export function registerFaults(calls: readonly RegisterCall[]): string[] {
  return [...Map.groupBy(calls, ({ key }) => key).values()].flatMap(faultsOf);
}

function faultsOf(calls: readonly RegisterCall[]): string[] {
  const writes = calls.filter(({ kind }) => kind === 'write');
  const reads = calls.filter(({ kind }) => kind === 'read').sort((a, b) => a.calledMs - b.calledMs);
  return reads.flatMap((read, index) => {
    const { key, value, calledMs, returnedMs } = read;
    const of = writes.find((one) => one.value === value);
    const where = `${key} read ${value} at ${Math.round(calledMs)}`;
    if (of === undefined) return [`${where}: never written`];
    if (of.outcome === 'refused') return [`${where}: that write was refused`];
    if (of.calledMs > returnedMs) return [`${where}: before it was written`];
    // One that took effect late is newer than all that were done before its effect.
    if (of.outcome === 'unknown') return [];
    const newer = writes.find((one) => one.outcome === 'done' && one.value > value && one.returnedMs < calledMs);
    if (newer !== undefined) return [`${where}: ${newer.value} was done before`];
    const before = reads.slice(0, index).find((one) => one.returnedMs < calledMs && one.value > value);
    const isUndone = before !== undefined && writes.find((one) => one.value === before.value)?.outcome === 'done';
    return isUndone ? [`${where}: ${before.value} was read before`] : [];
  });
}

export class Registers {
  readonly #nodes: Nodes;
  readonly calls: RegisterCall[] = [];
  readonly #running: readonly Promise<void>[];
  #isOver = false;

  constructor(nodes: Nodes, keys: readonly string[], random: () => number) {
    this.#nodes = nodes;
    this.#running = keys.flatMap((key) => [
      this.#write(key, random),
      ...[0, 1].map(() => this.#repeat(random, (node) => this.#read(key, node))),
    ]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #write(key: string, random: () => number): Promise<void> {
    let value = 1;
    await this.#repeat(random, async (node) => {
      const calledMs = performance.now();
      const body = { addrs: ['http://10.9.0.1:80'], leaseSeconds: 3600, weight: value };
      const reply = await called(node, 'PUT', `/apps/prod/registers/${key}`, body);
      const outcome =
        reply !== undefined && reply.status < 300
          ? 'done'
          : reply?.status === 503 && reply.body['outcome'] !== 'unknown'
            ? 'refused'
            : 'unknown';
      this.calls.push({ key, kind: 'write', value, calledMs, returnedMs: performance.now(), outcome });
      value++;
    });
  }

  async #read(key: string, node: ServerProcess): Promise<void> {
    const calledMs = performance.now();
    const reply = await called(node, 'GET', `/apps/prod/registers/${key}?consistent=true`);
    if (reply?.status !== 200) return;
    const value = Number(reply.body['weight']);
    this.calls.push({ key, kind: 'read', value, calledMs, returnedMs: performance.now(), outcome: 'done' });
  }

  async #repeat(random: () => number, call: (node: ServerProcess) => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      const node = this.#nodes[Math.floor(random() * 3)];
      if (node !== undefined) await call(node);
      await pause(100 + random() * 200);
    }
  }
}

/** Undefined: no answer in time. */
function called(node: ServerProcess, method: string, path: string, body?: object) {
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), callMs).unref());
  return Promise.race([api(node, method, path, body).catch(() => undefined), late]);
}
