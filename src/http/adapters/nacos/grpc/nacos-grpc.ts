// The gRPC server for clients of Nacos 2.x and 3.x: a unary call for requests, and one stream a client, on which it is pushed to
// and whose end is the end of its lease. Both come on one connection, by which they belong together.
// Connections are accepted here and handed to @grpc/grpc-js, so that they can be counted and, where the HTTP listener has a
// certificate, wrapped in TLS with the same one.
// Limits: `connectionsMax` and `connectionsPerClientMax`, which are given, `messageOctetsMax`, octets that clients do not take
// (unsent-octets.ts); a stream whose client does not introduce itself in `setupMs` is
// ended, and a connection that has been without a client for `idleMs` closed, also where it never spoke HTTP/2.

import { createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { HttpCounters } from '../../../../model/http-counters.ts';
import type { Listen, ListenFailure } from '../../../../model/listen.ts';
import type { NacosGrpcCounts } from '../../../../model/nacos-grpc-counts.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import { rpcOf } from '../../../../runtime/rpc.ts';
import { type Scheduler, systemScheduler } from '../../../../runtime/scheduler.ts';
import { clientOf } from '../../../server/client-address.ts';
import {
  certificateNameOf,
  SecureConnections,
  type SecureConnectionsDeps,
} from '../../../server/secure-connections.ts';
import { CreatedServices } from '../created-services.ts';
import { ServiceInfos } from '../service-info.ts';
import type { ClientConnection, ClientStream } from './client-connection.ts';
import { Clients } from './clients.ts';
import { BiRequestStream, type Payload, Request } from './generated/nacos_grpc_service_pb.ts';
import { messageOf, type NacosMessage, payloadOf } from './payload.ts';
import { connectionIdOf, failure, type NacosPeer, NacosRequests, type RequestDeps } from './requests.ts';
import { UnsentOctets, type UnsentOctetsLimits } from './unsent-octets.ts';

/** A batch of 2000 instances with common metadata. */
const messageOctetsMax = 1024 * 1024;
const streamsPerConnectionMax = 128;
const setupMs = 10_000;
/** A connection without a stream is of no client. */
const idleMs = 60_000;
const idleCheckMs = 10_000;
const backlog = 1024;

export interface NacosGrpcDeps extends Omit<RequestDeps, 'infos' | 'clients' | 'services'> {
  /** Those that HTTP has too. */
  readonly services?: CreatedServices | undefined;
  readonly clock: Clock;
  readonly scheduler?: Scheduler;
  /** More are closed at once. */
  readonly connectionsMax: number;
  /** Of one IPv4 address or IPv6 /64. */
  readonly connectionsPerClientMax: number;
  /** For tests. */
  readonly unsent?: UnsentOctetsLimits | undefined;
  /** Undefined: plain HTTP/2, as Nacos's own. */
  readonly tls?: SecureConnectionsDeps | undefined;
}

export class NacosGrpc {
  readonly clients: Clients;
  readonly #requests: NacosRequests;
  readonly #scheduler: Scheduler;
  readonly #limits: Pick<NacosGrpcDeps, 'connectionsMax' | 'connectionsPerClientMax'>;
  readonly #count: HttpCounters;
  readonly #unsent: UnsentOctets;
  readonly #secure: SecureConnections | undefined;
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #listeners: NetServer[] = [];
  /** With when each was last that of a client, or came. */
  readonly #sockets = new Map<Socket, { readonly peer: string; usedMs: number }>();
  readonly #byClient = new Map<string, number>();
  #endIdleCheck: (() => void) | undefined;
  /** Names in client certificates, by peer. */
  readonly #certificates = new Map<string, string>();

  private constructor(deps: NacosGrpcDeps) {
    const services = deps.services ?? new CreatedServices();
    const infos = new ServiceInfos(deps.control.view, deps.clock, services);
    this.#scheduler = deps.scheduler ?? systemScheduler;
    this.#limits = deps;
    this.#count = deps.control.log.count;
    this.#unsent = new UnsentOctets({
      close: (peer) => this.#closeUnread(peer),
      changed: (difference) => this.#count.unsent(difference),
      limits: deps.unsent,
    });
    this.#server = serverWith(this.#unsent);
    this.clients = new Clients({
      control: deps.control,
      infos,
      wallMs: () => deps.clock.wallMs(),
      scheduler: this.#scheduler,
    });
    this.#requests = new NacosRequests({ ...deps, infos, services, clients: this.clients });
    this.#addCalls();
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#secure = deps.tls === undefined ? undefined : this.#secureWith(deps.tls);
  }

  /** Listens on all or on none. */
  static async open(
    deps: NacosGrpcDeps,
    listens: readonly Listen[],
  ): Promise<{ readonly grpc: NacosGrpc; readonly listens: readonly Listen[] } | ListenFailure> {
    const grpc = new NacosGrpc(deps);
    const open: Listen[] = [];
    for (const listen of listens) {
      const port = await grpc.#listen(listen);
      if (typeof port !== 'number') {
        grpc.close();
        return port;
      }
      open.push({ host: listen.host, port });
    }
    return { grpc, listens: open };
  }

  /** Open ones, of clients and of others. */
  get connections(): number {
    return this.#sockets.size;
  }

  get counts(): NacosGrpcCounts {
    const { connected, subscriptions, pushes } = this.clients;
    const requests = () => this.#requests.counts.all();
    return { connections: this.connections, clients: connected, subscriptions, pushes, requests };
  }

  close(): void {
    this.clients.close();
    for (const listener of this.#listeners) listener.close();
    this.#secure?.close();
    this.#endIdleCheck?.();
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#injector.destroy();
    this.#server.forceShutdown();
  }

  #listen(listen: Listen): Promise<number | ListenFailure> {
    const listener = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#listeners.push(listener);
    return new Promise((resolve) => {
      listener.once('error', (error) => resolve({ failed: listen, error }));
      listener.listen({ host: listen.host, port: listen.port, backlog }, () =>
        resolve((listener.address() as { port: number }).port),
      );
    });
  }

  #accept(socket: Socket): void {
    const { connectionsMax, connectionsPerClientMax } = this.#limits;
    const client = clientOf(socket.remoteAddress ?? '');
    const own = this.#byClient.get(client) ?? 0;
    const isFull = this.#sockets.size >= connectionsMax;
    if (isFull || own >= connectionsPerClientMax) {
      this.#count.refused(isFull ? 'connections' : 'client-connections');
      socket.destroy();
      return;
    }
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#sockets.set(socket, { peer, usedMs: this.#scheduler.nowMs() });
    this.#byClient.set(client, own + 1);
    this.#unsent.opened(peer);
    this.#checkIdle();
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#certificates.delete(peer);
      this.#unsent.forget(peer);
      const left = (this.#byClient.get(client) as number) - 1;
      if (left === 0) this.#byClient.delete(client);
      else this.#byClient.set(client, left);
      const connected = this.clients.at(peer);
      if (connected !== undefined) this.clients.closed(connected);
    });
    if (this.#secure === undefined) this.#injector.injectConnection(socket);
    else this.#secure.accept(socket);
  }

  /** Its client asks and does not read. */
  #closeUnread(peer: string): void {
    const [socket] = [...this.#sockets].find(([one, use]) => use.peer === peer && !one.destroyed) ?? [];
    if (socket === undefined) return;
    this.#count.refused('unsent-replies');
    socket.destroy();
  }

  /** While one is open. */
  #checkIdle(): void {
    if (this.#sockets.size === 0 || this.#endIdleCheck !== undefined) return;
    this.#endIdleCheck = this.#scheduler.after(idleCheckMs, () => {
      this.#endIdleCheck = undefined;
      const nowMs = this.#scheduler.nowMs();
      for (const [socket, use] of this.#sockets) {
        if (this.clients.at(use.peer) !== undefined) use.usedMs = nowMs;
        else if (nowMs - use.usedMs >= idleMs) socket.destroy();
      }
      this.#checkIdle();
    });
  }

  /** What comes out of the handshake and speaks HTTP/2 goes on. */
  #secureWith(tls: SecureConnectionsDeps): SecureConnections {
    const http2 = createServer((socket) => {
      const name = certificateNameOf(socket);
      if (name !== undefined) this.#certificates.set(`${socket.remoteAddress}:${socket.remotePort}`, name);
      this.#injector.injectConnection(socket);
    });
    return new SecureConnections(
      createServer((socket) => socket.destroy()),
      http2,
      tls,
    );
  }

  #peerOf(text: string): NacosPeer {
    return { text, certificate: this.#certificates.get(text) };
  }

  #addCalls(): void {
    const unary = definitionOf(Request.method.request, false);
    const stream = definitionOf(BiRequestStream.method.requestBiStream, true);
    const request: handleUnaryCall<Payload, Payload> = (call, done) => void this.#reply(call, done);
    this.#server.addService({ request: unary }, { request });
    const requestBiStream: handleBidiStreamingCall<Payload, Payload> = (call) => this.#stream(call);
    this.#server.addService({ requestBiStream: stream }, { requestBiStream });
  }

  async #reply(call: ServerUnaryCall<Payload, Payload>, done: sendUnaryData<Payload>): Promise<void> {
    done(null, await this.#answer(call.request, this.#peerOf(call.getPeer())));
  }

  async #answer(payload: Payload, peer: NacosPeer): Promise<Payload> {
    const message = messageOf(payload);
    const reply =
      message === undefined
        ? failure(nothing, 400, 'the body of the message is not a JSON object')
        : await this.#requests.answer(message, peer);
    return payloadOf(reply);
  }

  #stream(call: ServerDuplexStream<Payload, Payload>): void {
    const peer = call.getPeer();
    let client: ClientConnection | undefined;
    const endSetup = this.#scheduler.after(setupMs, () => {
      if (client === undefined) call.end();
    });
    const closed = (): void => {
      endSetup();
      if (client !== undefined) this.clients.closed(client);
    };
    call.on('data', (payload: Payload) => {
      const message = messageOf(payload);
      if (message === undefined) return;
      if (message.type === 'ConnectionSetupRequest') {
        client ??= this.#setUp(call, peer, message);
        return;
      }
      if (client === undefined) return;
      this.clients.heard(client);
      const { requestId } = message.body;
      if (message.type === 'NotifySubscriberResponse' && typeof requestId === 'string') client.acknowledged(requestId);
    });
    call.on('error', closed);
    call.on('cancelled', closed);
    call.on('close', closed);
    call.on('end', () => {
      closed();
      call.end();
    });
  }

  /** A client that sends its abilities waits for those of the server. */
  #setUp(call: ServerDuplexStream<Payload, Payload>, peer: string, { body }: NacosMessage): ClientConnection {
    const stream: ClientStream = {
      write: (reply) => call.write(payloadOf(reply)),
      onDrain: (run) => void call.once('drain', run),
      end: () => call.end(),
    };
    const client = this.clients.setUp(peer, connectionIdOf(peer), stream);
    if (body['abilityTable'] !== undefined && body['abilityTable'] !== null) {
      const table = '{"headers":{},"abilityTable":{"supportPersistentInstanceByGrpc":true},"module":"internal"}';
      client.send({ type: 'SetupAckRequest', body: table });
    }
    return client;
  }
}

function serverWith(unsent: UnsentOctets): Server {
  return new Server({
    'grpc.max_receive_message_length': messageOctetsMax,
    'grpc.max_concurrent_streams': streamsPerConnectionMax,
    'grpc.max_connection_idle_ms': idleMs,
    interceptors: [unsent.interceptor],
  });
}

const nothing: NacosMessage = { type: '', headers: {}, body: {} };

function definitionOf(
  method: typeof Request.method.request | typeof BiRequestStream.method.requestBiStream,
  isStream: boolean,
): ServiceDefinition[string] {
  const { path, encode, decode } = rpcOf(method);
  return {
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  };
}
