// etcd as the cluster's engine: one connection, and the calls of engine.ts over it.

import type { Engine, EngineStatus, Fault, FollowEvent, Following, Listing, ListOptions, Session } from '../engine.ts';
import {
  type Entry,
  isFault,
  type SessionEvent,
  type SessionOptions,
  type SwapGroup,
  type SwapReply,
} from '../engine.ts';
import { Connection, type ConnectionOptions, persistently } from './connection.ts';
import { LeaseSession } from './lease-session.ts';
import { listPrefix, readKey } from './listing.ts';
import { alarmAction, alarmType, rpcs } from './rpcs.ts';
import { swapGroup } from './swaps.ts';
import { WatchLoop, type WatchStart } from './watch.ts';

const readMs = 3000;

export class EtcdEngine implements Engine {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  /** For metrics: how often a connection was tried. */
  get connectionAttempts(): number {
    return this.#connection.attempts;
  }

  list(prefix: string, options?: ListOptions): Promise<Listing | Fault> {
    return listPrefix(this.#connection, prefix, options);
  }

  read(key: string): Promise<{ readonly revision: number; readonly entry: Entry | undefined } | Fault> {
    return readKey(this.#connection, key, readMs);
  }

  follow(prefix: string, from: WatchStart, onEvent: (event: FollowEvent) => void): Following {
    return new WatchLoop(this.#connection, prefix, from, onEvent);
  }

  swap(group: SwapGroup, withinMs: number): Promise<SwapReply | Fault> {
    return swapGroup(this.#connection, group, withinMs);
  }

  session(options: SessionOptions, onEvent: (event: SessionEvent) => void): Session {
    return new LeaseSession(this.#connection, options, onEvent);
  }

  async expiry(ttlSeconds: number): Promise<{ readonly lease: bigint } | Fault> {
    const granted = await persistently(this.#connection, readMs, (leftMs) =>
      this.#connection.call(rpcs.grant, { TTL: BigInt(ttlSeconds) }, leftMs),
    );
    return isFault(granted) ? granted : { lease: granted.ID };
  }

  async status(): Promise<EngineStatus | Fault> {
    const status = await persistently(this.#connection, readMs, (leftMs) =>
      this.#connection.call(rpcs.status, {}, leftMs),
    );
    if (isFault(status)) return status;
    const alarms = await this.#connection.call(rpcs.alarm, { action: alarmAction.get }, readMs);
    if (isFault(alarms)) return alarms;
    return {
      endpoint: this.#connection.member?.endpoint.url ?? '',
      version: status.version,
      clusterId: (status.header?.clusterId ?? 0n).toString(16),
      databaseOctets: Number(status.dbSize),
      databaseUsedOctets: Number(status.dbSizeInUse),
      isOutOfSpace: alarms.alarms.some(({ alarm }) => alarm === alarmType.noSpace),
    };
  }

  close(): void {
    this.#connection.close();
  }
}
