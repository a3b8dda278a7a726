// Who else looks at a cluster under faults: resolvers that keep answers for their TTL, so that a drain which lied is seen,
// and a watch that changes the node again and again with its last id, whose state has to be that of a snapshot.

import { setTimeout as pause } from 'node:timers/promises';
import { type DnsClient, udpClient } from '../dns/dns-client.ts';
import { EventStreamClient, WatchedState } from '../http/event-stream.ts';
import type { ServerProcess } from '../process/server-process.ts';

type Nodes = readonly (ServerProcess | undefined)[];

/** Asks one node for all addresses, and again when the TTL of what it has is over. */
class CachingResolver {
  readonly #nodes: Nodes;
  readonly #index: number;
  #client: { readonly port: string; readonly dns: DnsClient } | undefined;
  #held: { readonly addresses: ReadonlySet<string>; readonly untilMs: number } | undefined;
  isOver = false;

  constructor(nodes: Nodes, index: number) {
    this.#nodes = nodes;
    this.#index = index;
  }

  /** Until when it hands an address out; undefined: it does not. */
  heldUntilMs(address: string): number | undefined {
    const held = this.#held;
    return held?.addresses.has(address) === true && held.untilMs > performance.now() ? held.untilMs : undefined;
  }

  async run(firstMs: number): Promise<void> {
    await pause(firstMs);
    while (!this.isOver) {
      const untilMs = this.#held?.untilMs ?? 0;
      if (untilMs > performance.now()) await pause(Math.min(200, untilMs - performance.now()));
      else await this.#ask();
    }
    this.#client?.dns.close();
  }

  async #ask(): Promise<void> {
    const node = this.#nodes[this.#index];
    const reply = node === undefined ? undefined : await this.#clientOf(node).then((dns) => answerOf(dns));
    if (reply === undefined || reply.rcode === 'SERVFAIL') await pause(200);
    else {
      const ttl = Math.min(...reply.answer.map((one) => one.ttl));
      const addresses = new Set(reply.answer.map(({ data }) => data));
      this.#held = { addresses, untilMs: performance.now() + (Number.isFinite(ttl) ? ttl * 1000 : 200) };
    }
  }

  async #clientOf({ dnsListens: [listen] }: ServerProcess): Promise<DnsClient> {
    const port = `${listen?.host} ${listen?.port}`;
    if (this.#client?.port === port) return this.#client.dns;
    this.#client?.dns.close();
    const dns = await udpClient(listen?.port ?? 0, listen?.host);
    this.#client = { port, dns };
    return dns;
  }
}

function answerOf(dns: DnsClient) {
  return dns.ask('orders.prod.svc').catch(() => undefined);
}

/** Three at each node, that ask at different times. */
export class Resolvers {
  readonly #all: readonly CachingResolver[];
  readonly #running: readonly Promise<void>[];

  constructor(nodes: Nodes) {
    this.#all = [0, 1, 2].flatMap((index) => [0, 1, 2].map(() => new CachingResolver(nodes, index)));
    this.#running = this.#all.map((one, index) => one.run(index * 450));
  }

  /** For how many milliseconds some resolver will hand it out still; 0: none does. */
  heldMs(address: string): number {
    const nowMs = performance.now();
    return Math.max(0, ...this.#all.map((one) => (one.heldUntilMs(address) ?? nowMs) - nowMs));
  }

  async stop(): Promise<void> {
    for (const one of this.#all) one.isOver = true;
    await Promise.all(this.#running);
  }
}

export class SwitchingWatch {
  readonly #nodes: Nodes;
  readonly #state = new WatchedState();
  readonly #running: Promise<void>;
  #lastEventId: string | undefined;
  #isOver = false;
  switches = 0;

  constructor(nodes: Nodes, random: () => number) {
    this.#nodes = nodes;
    this.#running = this.#run(random);
  }

  /** Ids of the instances, sorted; undefined: it is not complete now. */
  get instances(): string[] | undefined {
    return this.#state.isSynced ? [...this.#state.instances().keys()] : undefined;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(random: () => number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const node = this.#nodes[turn % 3];
      if (node === undefined) await pause(100);
      else await this.#at(node, 1500 + random() * 3000);
    }
  }

  async #at(node: ServerProcess, forMs: number): Promise<void> {
    const place = this.#lastEventId === undefined ? {} : { lastEventId: this.#lastEventId };
    const stream = new EventStreamClient(`${node.http}/api/v1/watch?app=prod/orders`, place);
    const endsMs = performance.now() + forMs;
    let heard = 0;
    while (!stream.isClosed && !this.#isOver && performance.now() < endsMs) {
      await pause(50);
      for (const event of stream.events.slice(heard)) this.#state.hear(event);
      heard = stream.events.length;
    }
    for (const event of stream.events.slice(heard)) this.#state.hear(event);
    if (stream.lastEventId !== '') this.#lastEventId = stream.lastEventId;
    if (stream.status === 200) this.switches++;
    stream.close();
  }
}
