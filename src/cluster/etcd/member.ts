// A connection to one member of etcd, from its first reply until it is of no more use. A member that hangs (SIGSTOP, a
// disk that stalls) keeps its sockets open and sends nothing, so one that was silent for a second is asked for its status
// and has a second to answer. That is a call and not an HTTP/2 ping: etcd closes connections whose pings come more often
// than each 5 s (--grpc-keepalive-min-time), and a member without a leader would answer pings for ever.

import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { create, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, connectivityState, credentials, type Metadata, status } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock.ts';
import type { Rpc } from '../../runtime/rpc.ts';
import type { CallError } from './call-fault.ts';
import { connectionTrouble } from './connection-trouble.ts';
import type { EtcdEndpoint } from './endpoint.ts';
import { StatusRequestSchema, type StatusResponse } from './generated/maintenance_pb.ts';
import { isSupported } from './release.ts';
import { rpcs } from './rpcs.ts';

/** PEM. */
export interface EtcdTls {
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
}

export interface StreamHandlers<O extends DescMessage> {
  readonly onMessage: (message: MessageShape<O>) => void;
  /** Once, and nothing after it. */
  readonly onEnd: (error: CallError) => void;
}

export interface Stream<I extends DescMessage> {
  send(message: MessageShape<I>): void;
  /** `onEnd` is not called any more. */
  cancel(): void;
}

const connectMs = 1500;
/** A failed channel refuses a call at once, but not in less than a turn of the event loop. */
const troubleMs = 100;
const silenceMs = 1000;
const checkMs = 1000;

const channelOptions = {
  // A backlog of 30 000 events is one message of 10 MB; the default of 4 MB would end the watch for ever.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // A channel of its own, with no memory of an earlier one's failures.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  // Otherwise the resolver asks for a TXT record of the host.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
} as const;

/** Connects and asks for the status. Text: why it is of no use. */
export async function connectMember(endpoint: EtcdEndpoint, tls: EtcdTls, clock: Clock): Promise<Member | string> {
  let client: Client;
  try {
    client = clientOf(endpoint, tls);
  } catch (error) {
    return `cannot use the certificate or key: ${(error as Error).message}`;
  }
  if (!(await isReady(client))) {
    const why = await lastTroubleOf(client);
    client.close();
    return why;
  }
  const member = new Member(endpoint, client, clock);
  const found = await member.status();
  const unfit = typeof found === 'string' ? found : unfitness(found);
  if (unfit === undefined) {
    member.watchOver(found as StatusResponse);
    return member;
  }
  member.close(unfit);
  return unfit;
}

/**
 * An address may not be the name in a TLS handshake (RFC 6066 §3), and Node 26 throws where gRPC takes it for one: another
 * name goes there, and the certificate is held to the address.
 */
function clientOf({ isTls, target, address }: EtcdEndpoint, { ca, cert, key }: EtcdTls): Client {
  if (!isTls) return new Client(target, credentials.createInsecure(), channelOptions);
  const [roots, secret, chain] = [ca ?? null, key ?? null, cert ?? null];
  if (address === undefined) return new Client(target, credentials.createSsl(roots, secret, chain), channelOptions);
  const verify = {
    checkServerIdentity: (_name: string, shown: PeerCertificate) => checkServerIdentity(address, shown),
  };
  const options = { ...channelOptions, 'grpc.ssl_target_name_override': 'etcd' };
  return new Client(target, credentials.createSsl(roots, secret, chain, verify), options);
}

/** False at the first failure: the next endpoint is tried then, and this one in its turn. */
function isReady(client: Client): Promise<boolean> {
  const channel = client.getChannel();
  const deadline = Date.now() + connectMs;
  return new Promise((resolve) => {
    const look = (isOver: boolean): void => {
      const state = channel.getConnectivityState(true);
      if (isOver || state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE)
        resolve(state === connectivityState.READY);
      else channel.watchConnectivityState(state, deadline, (error) => look(error !== undefined));
    };
    look(false);
  });
}

/** A call on a failed channel has the reason: a refused connection, a wrong certificate. */
function lastTroubleOf(client: Client): Promise<string> {
  return new Promise((resolve) => {
    const { path, encode, decode } = rpcs.status;
    const options = { deadline: Date.now() + troubleMs };
    client.makeUnaryRequest(path, encode, decode, create(StatusRequestSchema), options, (error) =>
      resolve(
        error === null || error.code === status.DEADLINE_EXCEEDED
          ? `no connection within ${connectMs} ms`
          : connectionTrouble(error.details),
      ),
    );
  });
}

function unfitness({ version, leader, isLearner }: StatusResponse): string | undefined {
  if (!isSupported(version)) return `is etcd ${version || 'before 3.4'}; 3.4 or later is needed`;
  if (isLearner) return 'is a learner, which serves no reads with quorum';
  return leader === 0n ? 'has no leader' : undefined;
}

export class Member {
  readonly endpoint: EtcdEndpoint;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #lost = Promise.withResolvers<string>();
  readonly #streams = new Set<(error: CallError) => void>();
  #timer: NodeJS.Timeout | undefined;
  #heardMs: number;
  #isChecking = false;
  #isLost = false;
  #version = '';
  #clusterId = '';

  constructor(endpoint: EtcdEndpoint, client: Client, clock: Clock) {
    this.endpoint = endpoint;
    this.#client = client;
    this.#clock = clock;
    this.#heardMs = clock.monotonicMs();
  }

  get version(): string {
    return this.#version;
  }

  /** Hexadecimal, as etcd's own tools show it. */
  get clusterId(): string {
    return this.#clusterId;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Resolves with why, when it is of no more use. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  watchOver({ version, header }: StatusResponse): void {
    this.#version = version;
    this.#clusterId = (header?.clusterId ?? 0n).toString(16);
    this.#timer = setInterval(() => {
      if (this.#clock.monotonicMs() - this.#heardMs >= silenceMs) this.check();
    }, silenceMs / 2).unref();
    const channel = this.#client.getChannel();
    channel.watchConnectivityState(connectivityState.READY, Number.POSITIVE_INFINITY, () =>
      this.close('the connection ended'),
    );
  }

  unary<I extends DescMessage, O extends DescMessage>(
    rpc: Rpc<I, O>,
    message: MessageShape<I>,
    metadata: Metadata,
    withinMs: number,
  ): Promise<MessageShape<O> | CallError> {
    return new Promise((resolve) => {
      const options = { deadline: Date.now() + withinMs };
      const call = this.#client.makeUnaryRequest(
        rpc.path,
        rpc.encode,
        rpc.decode,
        message,
        metadata,
        options,
        (error, reply) => {
          this.#streams.delete(end);
          if (error === null) this.#heardMs = this.#clock.monotonicMs();
          resolve(error ?? (reply as MessageShape<O>));
        },
      );
      const end = (error: CallError): void => {
        call.cancel();
        resolve(error);
      };
      this.#streams.add(end);
    });
  }

  stream<I extends DescMessage, O extends DescMessage>(
    rpc: Rpc<I, O>,
    metadata: Metadata,
    { onMessage, onEnd }: StreamHandlers<O>,
  ): Stream<I> {
    const call: ClientDuplexStream<MessageShape<I>, MessageShape<O>> = this.#client.makeBidiStreamRequest(
      rpc.path,
      rpc.encode,
      rpc.decode,
      metadata,
    );
    let isOver = false;
    const finish = (error: CallError | undefined): void => {
      if (isOver) return;
      isOver = true;
      this.#streams.delete(end);
      if (error !== undefined) onEnd(error);
    };
    const end = (error: CallError): void => {
      finish(error);
      call.cancel();
    };
    this.#streams.add(end);
    call.on('data', (message: MessageShape<O>) => {
      this.#heardMs = this.#clock.monotonicMs();
      if (!isOver) onMessage(message);
    });
    call.on('error', (error: CallError) => finish(error));
    call.on('end', () => finish({ details: 'the stream ended' }));
    if (this.#isLost) end({ details: 'the connection ended' });
    return {
      send: (message) => {
        if (!isOver) call.write(message);
      },
      cancel: () => {
        finish(undefined);
        call.cancel();
      },
    };
  }

  /** Asks whether it still answers and has a leader; ends it if not. At most one question at a time. */
  check(): void {
    if (this.#isChecking || this.#isLost) return;
    this.#isChecking = true;
    void this.status().then((found) => {
      this.#isChecking = false;
      const unfit = typeof found === 'string' ? found : unfitness(found);
      if (unfit !== undefined) this.close(unfit);
    });
  }

  /** Text: why there is none. After a stall of this process, a reply that has arrived meanwhile is read first. */
  status(): Promise<StatusResponse | string> {
    return new Promise((resolve) => {
      const { path, encode, decode } = rpcs.status;
      const call = this.#client.makeUnaryRequest(path, encode, decode, create(StatusRequestSchema), (error, reply) => {
        clearTimeout(timer);
        if (error === null) this.#heardMs = this.#clock.monotonicMs();
        resolve(error === null && reply !== undefined ? reply : (error?.details ?? 'no reply'));
      });
      const giveUp = (): void => {
        resolve(`did not answer within ${checkMs} ms`);
        call.cancel();
      };
      const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), checkMs);
    });
  }

  /** Every call and stream ends now, and `lost` resolves. */
  close(reason: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    clearInterval(this.#timer);
    for (const end of [...this.#streams]) end({ details: reason });
    this.#streams.clear();
    this.#client.close();
    this.#lost.resolve(reason);
  }
}
