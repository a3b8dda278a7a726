// What a call of Nacos's comes to, and how both versions of its HTTP API encode it: the first as plain text or JSON, the second
// always as `{code, message, data}`. One table from what control refuses to statuses and codes.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Failure, failures } from '../../server/problem-details.ts';
import { type FailedOutcome, failedStatuses, problemsText } from '../failed-outcome.ts';
import type { GivenFault } from './given-instance.ts';

export type ApiVersion = 'v1' | 'v2';

/** Codes of the second version, each with its words. */
const codes = {
  missing: [10_000, 'parameter missing'],
  invalid: [20_002, 'parameter validate error'],
  notFound: [20_004, 'resource not found'],
  conflict: [20_005, 'resource conflict'],
  serviceMissing: [21_008, 'service not exist'],
  serviceKept: [21_009, 'service delete failure'],
  metadata: [21_002, 'instance metadata error'],
  server: [30_000, 'server error'],
} as const;
type CodeName = keyof typeof codes;

export type Result =
  /** `data`: JSON text. `text`: what the first version sends instead. */
  | { readonly kind: 'ok'; readonly data: string; readonly text?: string }
  | { readonly kind: 'fault'; readonly status: number; readonly code: CodeName; readonly text: string }
  /** The parameter that is not there. */
  | { readonly kind: 'missing'; readonly name: string; readonly type: 'String' | 'Integer' }
  /** As the original's web server answers: not by Nacos itself. */
  | { readonly kind: 'page'; readonly status: 403 | 404 | 500 | 503; readonly text: string };

export const done: Result = { kind: 'ok', data: '"ok"', text: 'ok' };

export const refused: Result = { kind: 'page', status: 403, text: 'authorization failed!' };

export function missing(name: string, type: 'String' | 'Integer' = 'String'): Result {
  return { kind: 'missing', name, type };
}

export function fault(status: number, code: CodeName, text: string): Result {
  return { kind: 'fault', status, code, text };
}

/** Of an instance that cannot be read. */
export function givenFault({ fault: kind, text }: GivenFault): Result {
  if (kind === 'missing') return missing(text);
  if (kind === 'illegal') return fault(400, 'invalid', text);
  const sentence = `metadata format incorrect:${text.slice(0, 200)}`;
  return {
    kind: 'page',
    status: 500,
    text: `Server failed, caused: ErrCode:400, ErrMsg:${sentence};caused: ${sentence};`,
  };
}

const sentences: Readonly<Record<FailedOutcome['kind'], string>> = {
  invalid: 'it cannot be registered so',
  conflict: 'it is another one',
  'precondition-failed': 'it has changed meanwhile',
  unknown: 'no matched ip found!',
  full: 'the registry is full',
  quota: 'the credentials allow no further instances',
  forbidden: 'authorization failed!',
  'not-yours': 'authorization failed!',
  'not-ready': 'Server is starting, please try later.',
  'store-failing': 'the disk cannot be written, and nothing was changed',
  'no-quorum': 'the cluster cannot confirm it at present',
  'not-durable': 'it took effect and is not on the disk',
};

/** A sentence for people, and the status that goes with it. */
export function failureOf(outcome: FailedOutcome): { readonly status: number; readonly text: string } {
  return { status: failedStatuses[outcome.kind], text: problemsText(outcome) ?? sentences[outcome.kind] };
}

export function failed(outcome: FailedOutcome): Result {
  const { status, text } = failureOf(outcome);
  if (status === 403) return { kind: 'page', status, text };
  const code = status === 404 ? 'notFound' : status === 400 ? 'invalid' : 'server';
  return fault(status, code, status === 404 ? text : `caused: ${text};`);
}

/** A call that was refused, or cannot be read: clients log in again at a 403. */
export function sendRefused(request: FastifyRequest, reply: FastifyReply, { kind, detail, headers }: Failure): void {
  if (headers !== undefined) reply.headers(headers);
  const { status } = failures[kind];
  if (status === 401 || status === 403) sendResult(request, reply, 'v1', { kind: 'page', status: 403, text: detail });
  else sendText(request, reply, status, detail);
}

const titles = {
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

export function sendResult(
  request: FastifyRequest,
  reply: FastifyReply,
  version: ApiVersion,
  result: Result,
): FastifyReply {
  switch (result.kind) {
    case 'ok':
      if (version === 'v2') return sendJson(reply, 200, `{"code":0,"message":"success","data":${result.data}}`);
      return result.text === undefined ? sendJson(reply, 200, result.data) : sendText(request, reply, 200, result.text);
    case 'missing': {
      const { name, type } = result;
      if (version === 'v1') return sendText(request, reply, 400, `Param '${name}' is required.`);
      return sendCode(reply, 400, 'missing', `Required parameter '${name}' type ${type} is not present`);
    }
    case 'fault':
      return version === 'v1'
        ? sendText(request, reply, result.status, result.text)
        : sendCode(reply, result.status, result.code, result.text);
    case 'page': {
      const path = request.url.split('?', 1)[0] as string;
      const timestamp = new Date().toISOString().replace('Z', '+00:00');
      const { status, text } = result;
      const page = { timestamp, status, error: titles[status], message: text, path };
      return sendJson(reply, status, JSON.stringify(page));
    }
  }
}

function sendCode(reply: FastifyReply, status: number, name: CodeName, data: string): FastifyReply {
  const [code, message] = codes[name];
  return sendJson(reply, status, JSON.stringify({ code, message, data }));
}

export function sendJson(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').header('cache-control', 'no-store').send(text);
}

/** Java's HTTP client asks for HTML, and gets the same text under that name. */
function sendText({ headers }: FastifyRequest, reply: FastifyReply, status: number, text: string): FastifyReply {
  const isHtml = status === 200 && headers.accept?.startsWith('text/html') === true;
  return reply
    .code(status)
    .header('content-type', `text/${isHtml ? 'html' : 'plain'};charset=UTF-8`)
    .header('x-content-type-options', 'nosniff')
    .send(text);
}
