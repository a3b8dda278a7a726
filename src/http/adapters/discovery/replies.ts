// Replies of bilibili's discovery: HTTP 200 always, the code in the body and again in a header. Data is text that is
// ready, since its times are nanoseconds, which are more than a JavaScript number holds.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Failure, failures } from '../../server/problem-details.ts';
import { type FailedOutcome, problemsText } from '../failed-outcome.ts';

export const codes = {
  ok: 0,
  notModified: -304,
  badRequest: -400,
  unauthorized: -401,
  forbidden: -403,
  notFound: -404,
  conflict: -409,
  serverError: -500,
  limitExceeded: -509,
} as const;
export type Code = (typeof codes)[keyof typeof codes];

/** `data`: JSON text. `message`: the code, where there is nothing to add. */
export function sendCode(reply: FastifyReply, code: Code, data?: string, message = String(code)): FastifyReply {
  const end = data === undefined ? '' : `,"data":${data}`;
  return send(reply, code, `{"code":${code},"message":${JSON.stringify(message)},"ttl":1${end}}`);
}

/** The reply of `polls`, which has no ttl. */
export function sendPolls(reply: FastifyReply, data: string, missing: readonly string[]): FastifyReply {
  const error = missing.length === 0 ? 'null' : JSON.stringify(missing);
  return send(reply, codes.ok, `{"code":0,"data":${data},"error":{"-404":${error}},"message":"0"}`);
}

/** A call without what it needs: the original's sentence, and no header. */
export function sendUnbound(reply: FastifyReply, message: string): FastifyReply {
  return sendText(reply, JSON.stringify({ code: codes.badRequest, message, ttl: 1 }));
}

function send(reply: FastifyReply, code: Code, text: string): FastifyReply {
  return sendText(reply.header('kratos-status-code', String(code)), text);
}

/** A call that was refused, with its status, since there is a challenge in its head; or one that cannot be read. */
export function sendRefused(_request: FastifyRequest, reply: FastifyReply, { kind, detail, headers }: Failure): void {
  if (headers !== undefined) reply.headers(headers);
  const { status } = failures[kind];
  if (status === 401) sendCode(reply.code(status), codes.unauthorized, undefined, detail);
  else if (status === 404 || status === 405) reply.code(404).header('content-type', 'text/plain').send(notFoundText);
  else sendCode(reply, refusals[status] ?? codes.badRequest, undefined, detail);
}

/** Of a path that is none. */
export const notFoundText = '404 page not found';

const refusals: Readonly<Record<number, Code>> = {
  403: codes.forbidden,
  429: codes.limitExceeded,
  500: codes.serverError,
  503: codes.serverError,
};

function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store').send(text);
}

const codeOf: Readonly<Record<FailedOutcome['kind'], Code>> = {
  invalid: codes.badRequest,
  conflict: codes.conflict,
  'precondition-failed': codes.conflict,
  forbidden: codes.forbidden,
  quota: codes.limitExceeded,
  'not-yours': codes.forbidden,
  unknown: codes.notFound,
  full: codes.limitExceeded,
  'not-ready': codes.serverError,
  'store-failing': codes.serverError,
  'no-quorum': codes.serverError,
  'not-durable': codes.serverError,
};

export function sendFailed(reply: FastifyReply, outcome: FailedOutcome): FastifyReply {
  return sendCode(reply, codeOf[outcome.kind], undefined, problemsText(outcome));
}
