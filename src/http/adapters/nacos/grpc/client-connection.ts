// A client of Nacos that is connected: the stream on which it is pushed to, and what it has registered and subscribed to.
// A push is acknowledged by the client. While too many are not, or the stream takes no more, what has changed is remembered by
// service, and the latest list goes out when there is room: a slow client gets fewer lists, and none that is out of date.
// Limits: `unacknowledgedMax`; one remembered entry a subscription.

import type { InstanceKey } from '../../../../model/names.ts';
import type { Principal } from '../../../../model/principal.ts';
import type { NacosService } from '../service-name.ts';
import type { NacosReply } from './payload.ts';

const unacknowledgedMax = 32;

/** The side of the server of a client's stream. */
export interface ClientStream {
  /** False: it takes no more for now. */
  write(reply: NacosReply): boolean;
  onDrain(run: () => void): void;
  end(): void;
}

export interface GrpcSubscription {
  readonly client: ClientConnection;
  readonly name: NacosService;
  /** As the client gave them. */
  readonly clusters: string;
}

export class ClientConnection {
  readonly id: string;
  /** `address:port` of its end of the connection. */
  readonly peer: string;
  /** Of its last message; monotonic milliseconds. */
  heardMs: number;
  isAskedWhetherAlive = false;
  /** In whose name it has last asked for something of naming; undefined: it has not yet. */
  principal: Principal | undefined;
  isClosed = false;
  /** What it has registered for as long as it is connected, by service. */
  readonly instances = new Map<string, Map<string, InstanceKey>>();
  readonly subscriptions = new Map<string, GrpcSubscription>();
  readonly #stream: ClientStream;
  readonly #textOf: (subscription: GrpcSubscription) => string;
  readonly #unacknowledged = new Map<string, number>();
  readonly #waiting = new Set<GrpcSubscription>();
  #isBlocked = false;
  #pushes = 0;

  constructor(
    { id, peer, nowMs }: { readonly id: string; readonly peer: string; readonly nowMs: number },
    stream: ClientStream,
    textOf: (subscription: GrpcSubscription) => string,
  ) {
    this.id = id;
    this.peer = peer;
    this.heardMs = nowMs;
    this.#stream = stream;
    this.#textOf = textOf;
  }

  /** When the oldest push that is not acknowledged was sent; undefined: there is none. */
  get unacknowledgedSinceMs(): number | undefined {
    const [first] = this.#unacknowledged.values();
    return first;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  send(reply: NacosReply): void {
    if (this.isClosed || this.#stream.write(reply) || this.#isBlocked) return;
    this.#isBlocked = true;
    this.#stream.onDrain(() => {
      this.#isBlocked = false;
      this.#flush();
    });
  }

  push(subscription: GrpcSubscription, nowMs: number): void {
    if (this.isClosed) return;
    if (this.#isBlocked || this.#unacknowledged.size >= unacknowledgedMax) {
      this.#waiting.add(subscription);
      return;
    }
    const requestId = String(++this.#pushes);
    this.#unacknowledged.set(requestId, nowMs);
    const serviceInfo = this.#textOf(subscription);
    const body = `{"headers":{},"requestId":"${requestId}","serviceInfo":${serviceInfo},"module":"naming"}`;
    this.send({ type: 'NotifySubscriberRequest', body });
  }

  acknowledged(requestId: string): void {
    if (this.#unacknowledged.delete(requestId)) this.#flush();
  }

  /** It is not subscribed any more. */
  dropWaiting(subscription: GrpcSubscription): void {
    this.#waiting.delete(subscription);
  }

  end(): void {
    this.#stream.end();
  }

  #flush(): void {
    for (const subscription of this.#waiting) {
      if (this.#isBlocked || this.#unacknowledged.size >= unacknowledgedMax) return;
      this.#waiting.delete(subscription);
      this.push(subscription, this.heardMs);
    }
  }
}
