// Thirty thousand instances, or any number, at three nodes: put into etcd as three nodes would have, and renewed from then
// on in batches, as agents renew them. Those of one home renew at one node and change to the next one when it does not
// answer; spread ones renew at another node each time. What no node knows is registered again, and counted.

import { ApiClient } from '../kit/http/api-client.ts';
import type { ServerProcess } from '../kit/process/server-process.ts';

export const perApp = 50;
const perBatch = 200;
const callMs = 3000;

export interface Member {
  readonly index: number;
  readonly app: string;
  readonly name: string;
  readonly address: string;
  /** The node that runs its lease at the beginning. */
  readonly home: number;
  /** When the last renewal that was answered with 200 was sent. */
  renewedMs: number;
  /** It renews no more. */
  isSilent: boolean;
}

export interface FleetOptions {
  readonly instances: number;
  readonly leaseSeconds: number;
  readonly isSpread: boolean;
  /** Undefined: that node does not run now. */
  readonly nodeAt: (index: number) => ServerProcess | undefined;
}

export class Fleet {
  readonly members: readonly Member[];
  readonly #options: FleetOptions;
  readonly #clients = new Map<string, ApiClient>();
  #isOver = false;
  #running: Promise<void> = Promise.resolve();
  readonly counts = { renewed: 0, registeredAgain: 0, failedCalls: 0, lateBatches: 0 };

  constructor(options: FleetOptions) {
    this.#options = options;
    this.members = Array.from({ length: options.instances }, (_, index) => ({
      index,
      app: `fleet-${Math.floor(index / perApp)}`,
      name: `i-${index}`,
      address: `10.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
      // Apps are spread over the nodes.
      home: index % 3,
      renewedMs: performance.now(),
      isSilent: false,
    }));
  }

  get apps(): number {
    return Math.ceil(this.members.length / perApp);
  }

  membersOf(app: number): readonly Member[] {
    return this.members.slice(app * perApp, (app + 1) * perApp);
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    for (const client of this.#clients.values()) client.close();
  }

  /** Each batch once an interval, evenly. A batch that is under way is not begun again. */
  async #run(): Promise<void> {
    const batches = this.#batches();
    const intervalMs = (this.#options.leaseSeconds * 1000) / 3;
    const busy = new Set<number>();
    const nextMs = batches.map((_, index) => performance.now() + (intervalMs * index) / batches.length);
    while (!this.#isOver) {
      const nowMs = performance.now();
      for (const [index, batch] of batches.entries()) {
        if ((nextMs[index] ?? 0) > nowMs) continue;
        if (busy.has(index)) {
          this.counts.lateBatches++;
          nextMs[index] = nowMs + 1000;
          continue;
        }
        nextMs[index] = (nextMs[index] ?? nowMs) + intervalMs;
        busy.add(index);
        void this.#renew(batch, index).finally(() => busy.delete(index));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #batches(): Member[][] {
    return [0, 1, 2].flatMap((home) => {
      const all = this.members.filter((one) => one.home === home);
      const count = Math.ceil(all.length / perBatch);
      return Array.from({ length: count }, (_, index) => all.slice(index * perBatch, (index + 1) * perBatch));
    });
  }

  #turn = 0;

  async #renew(batch: readonly Member[], index: number): Promise<void> {
    const living = batch.filter((one) => !one.isSilent);
    const first = this.#options.isSpread ? this.#turn++ + index : (batch[0]?.home ?? 0);
    const instances = living.map(({ app, name }) => ({ env: 'prod', appid: app, instance: name }));
    // An agent does not give up before its next interval.
    for (let attempt = 0; attempt < 6 && !this.#isOver; attempt++) {
      const node = (first + attempt) % 3;
      const sentMs = performance.now();
      const reply = await this.#call(node, 'POST', '/api/v1/renew', { instances });
      const results = reply?.json['results'];
      if (reply?.status !== 200 || !Array.isArray(results)) {
        this.counts.failedCalls++;
        continue;
      }
      for (const [at, one] of living.entries()) {
        if ((results as { status: string }[])[at]?.status === 'renewed') {
          one.renewedMs = sentMs;
          this.counts.renewed++;
        } else await this.#register(one, node);
      }
      return;
    }
  }

  async #register(one: Member, node: number): Promise<void> {
    this.counts.registeredAgain++;
    const sentMs = performance.now();
    const { leaseSeconds } = this.#options;
    const body = { addrs: [`http://${one.address}:80`], leaseSeconds };
    const reply = await this.#call(node, 'PUT', `/api/v1/apps/prod/${one.app}/${one.name}`, body);
    if (reply !== undefined && reply.status < 300) one.renewedMs = sentMs;
  }

  async #call(node: number, method: string, path: string, body: object) {
    const server = this.#options.nodeAt(node);
    if (server === undefined) return undefined;
    const client = this.#clients.get(server.http) ?? new ApiClient(server.http, 64);
    this.#clients.set(server.http, client);
    return client.call(method, path, { body, signal: AbortSignal.timeout(callMs) }).catch(() => undefined);
  }
}
