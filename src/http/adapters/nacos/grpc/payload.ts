// Nacos's envelope of gRPC, opened and closed: the type of a message, its headers, and its body, which is JSON.

import { create } from '@bufbuild/protobuf';
import { isObject } from '../../../../model/instance.ts';
import { findJsonFault } from '../../../server/json-scan.ts';
import { type Payload, PayloadSchema } from './generated/nacos_grpc_service_pb.ts';

export interface NacosMessage {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** To be sent: `body` is JSON text of an object. */
export interface NacosReply {
  readonly type: string;
  readonly body: string;
}

/** Deeper than any message of Nacos's. */
const depthMax = 16;

/** Undefined: its body is no JSON object. */
export function messageOf({ metadata, body }: Payload): NacosMessage | undefined {
  const text = Buffer.from(body?.value ?? new Uint8Array()).toString('utf8');
  const type = metadata?.type ?? '';
  const headers = metadata?.headers ?? {};
  if (text === '') return { type, headers, body: {} };
  if (findJsonFault(text, depthMax) !== undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return isObject(value) ? { type, headers, body: value } : undefined;
}

export function payloadOf({ type, body }: NacosReply): Payload {
  return create(PayloadSchema, { metadata: { type }, body: { value: Buffer.from(body) } });
}
