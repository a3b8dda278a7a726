// The client under test as the tests use it, and what a watch has received so far.

import { systemClock } from '../../../src/app/process-clock.ts';
import { type Fault, type FollowEvent, type Following, isFault, type Swap } from '../../../src/cluster/engine.ts';
import type { ConnectionOptions } from '../../../src/cluster/etcd/connection.ts';
import { parseEndpoint } from '../../../src/cluster/etcd/endpoint.ts';
import { EtcdEngine } from '../../../src/cluster/etcd/etcd-engine.ts';
import { until } from '../process/until.ts';

export function engineAt(urls: readonly string[], options: Partial<ConnectionOptions> = {}): EtcdEngine {
  const endpoints = urls.map((url) => {
    const endpoint = parseEndpoint(url, 'endpoints');
    if ('field' in endpoint) throw new Error(endpoint.message);
    return endpoint;
  });
  return new EtcdEngine({ endpoints, clock: systemClock, ...options });
}

/** The reply; a fault is an error. */
export async function good<T extends object>(reply: Promise<T | Fault>): Promise<T> {
  const settled = await reply;
  if (isFault(settled)) throw new Error(`${settled.fault}: ${settled.detail}`);
  return settled;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

/** Puts `key` if it is absent or, with `at`, has that revision. Its value is its operation id. */
export function swapOf(key: string, value: string, at?: number): Swap {
  return {
    conditions: [at === undefined ? { key, is: 'absent' } : { key, is: 'at', modRevision: at }],
    writes: [{ key, value: bytes(value) }],
    reads: [key],
    isOwn: ([found]) => found !== undefined && textOf(found.value) === value,
  };
}

export class Followed {
  readonly events: FollowEvent[] = [];
  readonly following: Following;

  constructor(engine: EtcdEngine, prefix: string, from: { readonly revision: number; readonly clusterId: string }) {
    this.following = engine.follow(prefix, from, (event) => this.events.push(event));
  }

  /** `key=value` of each put and `-key` of each delete, in order. */
  get seen(): string[] {
    return this.events.flatMap((event) =>
      event.kind !== 'group'
        ? []
        : event.events.map((one) =>
            one.kind === 'delete' ? `-${one.key}` : `${one.entry.key}=${textOf(one.entry.value)}`,
          ),
    );
  }

  async until(kind: FollowEvent['kind'], count = 1): Promise<FollowEvent> {
    return until(`${count} × ${kind}`, () => this.events.filter((event) => event.kind === kind).at(count - 1));
  }

  async untilSeen(change: string): Promise<void> {
    await until(change, () => this.seen.includes(change));
  }
}

/** Follows everything below `prefix` from now on. */
export async function followNow(engine: EtcdEngine, prefix: string): Promise<Followed> {
  const { revision, clusterId } = await good(engine.list(prefix));
  return new Followed(engine, prefix, { revision: revision + 1, clusterId });
}
