// The clients of Nacos that are connected over gRPC. A connection is a lease: when it ends, what was registered on it has the
// grace of 15 s, in which the client comes back and registers again. An instance belongs to the connection that registered it
// last, so that a connection which ends late takes nothing from its successor.
// A client that is silent for 20 s is asked whether it is alive, and its connection is closed when it does not answer: one whose
// machine is gone sends no end. So is one that does not acknowledge its pushes, and one whose credentials have come to their end:
// it comes back, logs in and is judged anew.
// Limits: `subscriptionsMax` in all and `subscriptionsPerClientMax`; connections are bounded where they are accepted.

import type { Control } from '../../../../control/control.ts';
import { type InstanceKey, instanceKey } from '../../../../model/names.ts';
import { type Scheduler, systemScheduler } from '../../../../runtime/scheduler.ts';
import type { ServiceInfos } from '../service-info.ts';
import type { NacosService } from '../service-name.ts';
import { Topics } from '../topics.ts';
import { ClientConnection, type ClientStream, type GrpcSubscription } from './client-connection.ts';

/** Each takes 400 octets. */
const subscriptionsMax = 200_000;
const subscriptionsPerClientMax = 5000;
/** Clients send something each 5 s. */
const silentMs = 20_000;
const checkMs = 3000;
const unacknowledgedMs = 30_000;

export interface ClientsDeps {
  readonly control: Pick<Control, 'view' | 'pushes' | 'visible' | 'disconnected'>;
  readonly infos: ServiceInfos;
  readonly wallMs: () => number;
  readonly scheduler?: Scheduler;
}

export class Clients {
  readonly #deps: Required<ClientsDeps>;
  readonly #byPeer = new Map<string, ClientConnection>();
  /** By instance: the connection that keeps it. */
  readonly #holders = new Map<string, ClientConnection>();
  readonly #topics: Topics<GrpcSubscription>;
  #pushes = 0;
  #endCheck: (() => void) | undefined;

  constructor(deps: ClientsDeps) {
    this.#deps = { scheduler: systemScheduler, ...deps };
    this.#topics = new Topics(deps.control, (subscriptions) => this.#changed(subscriptions));
  }

  get connected(): number {
    return this.#byPeer.size;
  }

  /** Lists that were pushed. */
  get pushes(): number {
    return this.#pushes;
  }

  get subscriptions(): number {
    return this.#topics.size;
  }

  at(peer: string): ClientConnection | undefined {
    return this.#byPeer.get(peer);
  }

  /** A client has opened its stream. Another one of the same peer is its old one. */
  setUp(peer: string, id: string, stream: ClientStream): ClientConnection {
    const before = this.#byPeer.get(peer);
    if (before !== undefined) this.closed(before);
    const { infos, scheduler } = this.#deps;
    const textOf = ({ name, clusters }: GrpcSubscription) => {
      this.#pushes++;
      return infos.text(name, { clusters, isHealthyOnly: false }, 'grpc');
    };
    const client = new ClientConnection({ id, peer, nowMs: scheduler.nowMs() }, stream, textOf);
    this.#byPeer.set(peer, client);
    this.#check();
    return client;
  }

  heard(client: ClientConnection): void {
    client.heardMs = this.#deps.scheduler.nowMs();
    client.isAskedWhetherAlive = false;
  }

  /** An instance was registered on the connection. It may have ended meanwhile. */
  holds(client: ClientConnection, name: NacosService, key: InstanceKey): void {
    if (client.isClosed) {
      this.#deps.control.disconnected(key);
      return;
    }
    const text = textOf(key);
    const before = this.#holders.get(text);
    if (before !== undefined && before !== client) forget(before, name, text);
    this.#holders.set(text, client);
    const own = client.instances.get(serviceKey(name)) ?? new Map<string, InstanceKey>();
    own.set(text, key);
    client.instances.set(serviceKey(name), own);
  }

  /** What the connection holds of a service. */
  heldOf(client: ClientConnection, name: NacosService): readonly InstanceKey[] {
    return [...(client.instances.get(serviceKey(name))?.values() ?? [])];
  }

  /** It was deregistered. */
  released(name: NacosService, key: InstanceKey): void {
    const text = textOf(key);
    const holder = this.#holders.get(text);
    if (holder === undefined) return;
    this.#holders.delete(text);
    forget(holder, name, text);
  }

  /** False: there is no place. */
  subscribe(client: ClientConnection, name: NacosService, clusters: string): boolean {
    const key = `${serviceKey(name)} ${clusters}`;
    if (client.isClosed || client.subscriptions.has(key)) return true;
    if (client.subscriptions.size >= subscriptionsPerClientMax || this.#topics.size >= subscriptionsMax) return false;
    const subscription: GrpcSubscription = { client, name, clusters };
    if (!this.#topics.add(name, `${client.peer} ${key}`, subscription)) return false;
    client.subscriptions.set(key, subscription);
    return true;
  }

  unsubscribe(client: ClientConnection, name: NacosService, clusters: string): void {
    const key = `${serviceKey(name)} ${clusters}`;
    const subscription = client.subscriptions.get(key);
    if (subscription === undefined) return;
    client.subscriptions.delete(key);
    client.dropWaiting(subscription);
    this.#topics.delete(name, `${client.peer} ${key}`);
  }

  /** Its connection has ended. */
  closed(client: ClientConnection): void {
    if (client.isClosed) return;
    client.isClosed = true;
    if (this.#byPeer.get(client.peer) === client) this.#byPeer.delete(client.peer);
    for (const { name, clusters } of [...client.subscriptions.values()]) this.unsubscribe(client, name, clusters);
    for (const keys of client.instances.values()) {
      for (const [text, key] of keys) {
        this.#holders.delete(text);
        this.#deps.control.disconnected(key);
      }
    }
    client.instances.clear();
  }

  /** All connections end with the server; no instance is removed for it. */
  close(): void {
    this.#endCheck?.();
    this.#topics.close();
    for (const client of this.#byPeer.values()) client.isClosed = true;
    this.#byPeer.clear();
  }

  #changed(subscriptions: Iterable<GrpcSubscription>): void {
    const nowMs = this.#deps.scheduler.nowMs();
    for (const subscription of subscriptions) subscription.client.push(subscription, nowMs);
  }

  /** While one is connected. */
  #check(): void {
    if (this.#byPeer.size === 0 || this.#endCheck !== undefined) return;
    this.#endCheck = this.#deps.scheduler.after(checkMs, () => {
      this.#endCheck = undefined;
      const nowMs = this.#deps.scheduler.nowMs();
      for (const client of this.#byPeer.values()) this.#look(client, nowMs);
      this.#check();
    });
  }

  #look(client: ClientConnection, nowMs: number): void {
    const isDeaf = nowMs - (client.unacknowledgedSinceMs ?? nowMs) >= unacknowledgedMs;
    const isSilent = nowMs - client.heardMs >= silentMs;
    const isOver = client.principal?.isOver(this.#deps.wallMs()) === true;
    if (isOver || isDeaf || (isSilent && client.isAskedWhetherAlive)) {
      client.end();
      this.closed(client);
      return;
    }
    if (!isSilent) return;
    client.isAskedWhetherAlive = true;
    client.send({ type: 'ClientDetectionRequest', body: '{"headers":{},"requestId":"","module":"internal"}' });
  }
}

function forget(client: ClientConnection, name: NacosService, text: string): void {
  const own = client.instances.get(serviceKey(name));
  own?.delete(text);
  if (own?.size === 0) client.instances.delete(serviceKey(name));
}

function serviceKey({ env, grouped }: NacosService): string {
  return `${env} ${grouped}`;
}

function textOf({ env, appid, instance }: InstanceKey): string {
  return `${env} ${appid} ${instanceKey(instance)}`;
}
