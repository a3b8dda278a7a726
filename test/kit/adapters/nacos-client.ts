// A client of Nacos's gRPC as the tests need it: requests and their answers, and the stream with what is pushed on it.

import { type ClientHttp2Session, connect } from 'node:http2';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  BiRequestStream,
  type Payload,
  Request,
} from '../../../src/http/adapters/nacos/grpc/generated/nacos_grpc_service_pb.ts';
import { messageOf, payloadOf } from '../../../src/http/adapters/nacos/grpc/payload.ts';
import { rpcOf } from '../../../src/runtime/rpc.ts';
import type { Json } from '../http/http-world.ts';
import { until } from '../process/until.ts';

const unary = rpcOf(Request.method.request);
const streaming = rpcOf(BiRequestStream.method.requestBiStream);

export interface ClientMessage {
  readonly type: string;
  readonly body: Json;
}

export class NacosClient {
  readonly #client: Client;
  #stream: ClientDuplexStream<Payload, Payload> | undefined;
  /** What came on the stream. */
  readonly pushed: ClientMessage[] = [];
  /** The server has ended the stream. */
  hasEnded = false;
  /** Answers pushes and questions, as real clients do. */
  acknowledges = true;
  onPush: (body: Json) => void = () => {};

  constructor(port: number, channel = credentials.createInsecure()) {
    this.#client = new Client(`127.0.0.1:${port}`, channel, {
      'grpc.use_local_subchannel_pool': 1,
      // Node takes no address as the name of a TLS server.
      'grpc.ssl_target_name_override': 'localhost',
    });
  }

  request(type: string, body: Json = {}, headers: Record<string, string> = {}): Promise<ClientMessage> {
    const payload = payloadOf({ type, body: JSON.stringify(body) });
    if (payload.metadata !== undefined) payload.metadata.headers = headers;
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, reply?: Payload) => {
        if (error !== null || reply === undefined) reject(error ?? new Error('no reply'));
        else resolve(messageOf(reply) as ClientMessage);
      };
      this.#client.makeUnaryRequest(unary.path, unary.encode, unary.decode, payload, done);
    });
  }

  /** Opens the stream and introduces itself. */
  async setUp(body: Json = { abilityTable: {} }): Promise<void> {
    await this.request('ServerCheckRequest');
    const { path, encode, decode } = streaming;
    const stream = this.#client.makeBidiStreamRequest(path, encode, decode);
    this.#stream = stream;
    stream.on('data', (payload: Payload) => {
      const message = messageOf(payload) as ClientMessage;
      this.pushed.push(message);
      if (message.type === 'NotifySubscriberRequest') this.onPush(message.body);
      if (this.acknowledges && message.type.endsWith('Request') && message.type !== 'SetupAckRequest')
        this.send(message.type.replace('Request', 'Response'), { requestId: message.body['requestId'] });
    });
    stream.on('error', () => {});
    stream.on('end', () => {
      this.hasEnded = true;
    });
    this.send('ConnectionSetupRequest', body);
    await until(
      'being connected',
      async () => (await this.request('HealthCheckRequest')).type === 'HealthCheckResponse',
    );
  }

  send(type: string, body: Json = {}): void {
    this.#stream?.write(payloadOf({ type, body: JSON.stringify(body) }));
  }

  /** Instances by address in the latest list that was pushed. */
  latest(): Json[] | undefined {
    const last = this.pushed.filter(({ type }) => type === 'NotifySubscriberRequest').at(-1);
    return (last?.body['serviceInfo'] as { hosts: Json[] } | undefined)?.hosts;
  }

  close(): void {
    this.#stream?.cancel();
    this.#client.close();
  }
}

/** A client that reads no reply: its windows of HTTP/2 shut, and what it asks for stays with the server. */
export class DeafNacosClient {
  readonly #session: ClientHttp2Session;

  constructor(port: number) {
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => {});
  }

  async setUp(): Promise<void> {
    await new Promise((resolve) => this.#session.once('connect', resolve));
    this.#ask(streaming.path, 'ConnectionSetupRequest', {}, false);
  }

  request(type: string, body: Json): void {
    this.#ask(unary.path, type, body, true);
  }

  close(): void {
    this.#session.destroy();
  }

  #ask(path: string, type: string, body: Json, isWhole: boolean): void {
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = this.#session.request(headers);
    stream.on('error', () => {});
    const message = unary.encode(payloadOf({ type, body: JSON.stringify(body) }));
    const frame = Buffer.alloc(5 + message.length);
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, 5);
    if (isWhole) stream.end(frame);
    else stream.write(frame);
  }
}
