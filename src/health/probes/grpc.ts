// A gRPC check: `grpc.health.v1.Health/Check` over HTTP/2 without TLS, its two messages by hand, since they have one field
// each (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
// Limits: an answer of at most 4 KiB, a thousand times what is needed.

import { connect, constants } from 'node:http2';
import type { Check } from '../../model/checks.ts';
import type { Located, ProbeResult } from './result.ts';

const answerOctetsMax = 4096;
const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
/** Of those codes that a health service has reason to give. */
const codes: Readonly<Record<string, string>> = {
  '5': 'NOT_FOUND: it does not know this service',
  '12': 'UNIMPLEMENTED: it has no health service',
  '14': 'UNAVAILABLE',
  '16': 'UNAUTHENTICATED',
};

type GrpcCheck = Extract<Check, { type: 'grpc' }>;

export function probeGrpc({ service }: GrpcCheck, { ip, port }: Located, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${ip.includes(':') ? `[${ip}]` : ip}:${port}`);
    const end = (result: ProbeResult): void => {
      session.destroy();
      resolve(result);
    };
    signal.addEventListener('abort', () => session.destroy(), { once: true });
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let octets = 0;
    let httpStatus = 0;
    let grpcStatus: string | undefined;
    // A session that fails takes the stream with it, and only its own error has the cause.
    stream.once('error', (error) => reject((error.cause as Error | undefined) ?? error));
    stream.once('response', (headers) => {
      httpStatus = Number(headers[constants.HTTP2_HEADER_STATUS]);
      grpcStatus = textOf(headers['grpc-status']);
    });
    stream.once('trailers', (trailers) => {
      grpcStatus = textOf(trailers['grpc-status']);
    });
    stream.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets > answerOctetsMax) end({ kind: 'failed', detail: 'an answer that is none of a health service' });
      else chunks.push(chunk);
    });
    stream.once('end', () => end(resultOf(httpStatus, grpcStatus, Buffer.concat(chunks))));
    stream.end(framed(service));
  });
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** HealthCheckRequest: field 1, the service's name; after five octets for "not compressed" and its length. */
function framed(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function varint(value: number): Buffer {
  return value < 0x80 ? Buffer.from([value]) : Buffer.from([(value & 0x7f) | 0x80, value >> 7]);
}

/** HealthCheckResponse: field 1, the status; absent it is 0. */
function resultOf(httpStatus: number, grpcStatus: string | undefined, answer: Buffer): ProbeResult {
  if (httpStatus !== 200) return { kind: 'failed', detail: `HTTP status ${httpStatus}, which is not gRPC's way` };
  if (grpcStatus !== '0') {
    const code = grpcStatus === undefined ? 'no grpc-status' : `gRPC status ${codes[grpcStatus] ?? grpcStatus}`;
    return { kind: 'failed', detail: code };
  }
  const message = answer.subarray(5);
  const status = message.length === 0 ? 0 : message[0] === 0x08 ? (message[1] ?? -1) : -1;
  const name = statuses[status] ?? 'an answer that is none of a health service';
  return { kind: status === 1 ? 'passed' : 'failed', detail: name };
}
