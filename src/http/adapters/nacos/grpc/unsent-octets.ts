// Octets of replies and pushes that clients over gRPC have not taken: who asks and does not read would have them held here
// without a bound, since HTTP/2 lets it ask on while its own window is shut. A connection that has more than its share, or that
// asks for more while all together have too many, is closed; its client comes back and asks again.
// Limits: `perConnectionMax` and `totalMax`, each exceeded by one message at most.

import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';
import type { Payload } from './generated/nacos_grpc_service_pb.ts';

/** A list of 30 000 instances, and sixteen such clients. */
const limitsDefault: UnsentOctetsLimits = { perConnectionMax: 16 * 1024 * 1024, totalMax: 256 * 1024 * 1024 };

export interface UnsentOctetsDeps {
  /** Has too many. */
  readonly close: (peer: string) => void;
  readonly changed: (difference: number) => void;
  readonly limits?: UnsentOctetsLimits | undefined;
}

export interface UnsentOctetsLimits {
  readonly perConnectionMax: number;
  readonly totalMax: number;
}

export class UnsentOctets {
  readonly #byPeer = new Map<string, number>();
  readonly #deps: UnsentOctetsDeps;
  readonly #limits: UnsentOctetsLimits;
  #total = 0;

  constructor(deps: UnsentOctetsDeps) {
    this.#deps = deps;
    this.#limits = deps.limits ?? limitsDefault;
  }

  readonly interceptor: ServerInterceptor = (_method, call) => new CountedCall(call, this);

  /** A connection has come. */
  opened(peer: string): void {
    this.#byPeer.set(peer, 0);
  }

  add(peer: string, octets: number): void {
    const own = this.#byPeer.get(peer);
    // The connection has ended.
    if (own === undefined) return;
    const { close, changed } = this.#deps;
    const { perConnectionMax, totalMax } = this.#limits;
    const isOver = own > perConnectionMax || (own > 0 && this.#total > totalMax);
    this.#byPeer.set(peer, own + octets);
    this.#total += octets;
    changed(octets);
    if (isOver) close(peer);
  }

  taken(peer: string, octets: number): void {
    const own = this.#byPeer.get(peer);
    if (own === undefined) return;
    this.#byPeer.set(peer, own - octets);
    this.#total -= octets;
    this.#deps.changed(-octets);
  }

  /** A connection has ended, and all that it did not take is gone. */
  forget(peer: string): void {
    this.taken(peer, this.#byPeer.get(peer) ?? 0);
    this.#byPeer.delete(peer);
  }
}

class CountedCall extends ServerInterceptingCall {
  readonly #unsent: UnsentOctets;
  readonly #peer: string;
  /** Of this call. */
  #octets = 0;

  constructor(call: ServerInterceptingCallInterface, unsent: UnsentOctets) {
    super(call);
    this.#unsent = unsent;
    this.#peer = call.getPeer();
  }

  override start(listener: Parameters<ServerInterceptingCallInterface['start']>[0]): void {
    super.start({
      onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
      onReceiveMessage: (message) => listener.onReceiveMessage(message),
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => {
        this.#taken(this.#octets);
        listener.onCancel();
      },
    });
  }

  override sendMessage(message: Payload, callback: () => void): void {
    const octets = message.body?.value.length ?? 0;
    this.#octets += octets;
    this.#unsent.add(this.#peer, octets);
    super.sendMessage(message, () => {
      this.#taken(octets);
      callback();
    });
  }

  #taken(octets: number): void {
    const own = Math.min(octets, this.#octets);
    this.#octets -= own;
    if (own > 0) this.#unsent.taken(this.#peer, own);
  }
}
