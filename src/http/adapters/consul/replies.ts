// Replies as Consul gives them: a write is answered with an empty 200, a fault with a plain sentence, a read with JSON and
// the headers that its clients parse. One table from what control refuses to statuses.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Failure, failures } from '../../server/problem-details.ts';
import { type FailedOutcome, failedSentences, failedStatuses, problemsText } from '../failed-outcome.ts';

/** How much a reader has asked to be sure; what we answer is the same. */
export type Consistency = 'leader' | 'stale' | 'consistent';

export function sendEmpty(reply: FastifyReply): FastifyReply {
  return reply.code(200).send();
}

export function sendText(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', 'text/plain; charset=utf-8').send(text);
}

export function sendJson(reply: FastifyReply, text: string, status = 200): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-consul-default-acl-policy': 'allow',
    })
    .send(text);
}

/** `index`: of the result. */
export function setIndex(reply: FastifyReply, index: number, consistency: Consistency): void {
  reply.headers({
    'x-consul-index': String(index),
    'x-consul-knownleader': 'true',
    'x-consul-lastcontact': '0',
    'x-consul-effective-consistency': consistency,
    'x-consul-query-backend': 'blocking-query',
  });
}

export function sendUnknownService(reply: FastifyReply, id: string): FastifyReply {
  const text = `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`;
  return sendText(reply, 404, text);
}

export function sendUnknownCheck(reply: FastifyReply, id: string): FastifyReply {
  return sendText(reply, 404, `Unknown check ID "${id}". Ensure that the check ID is passed, not the check name.`);
}

/** `outdated`, `exists`: another writer was there each time. */
export type Failed = FailedOutcome | { readonly kind: 'outdated' | 'exists' };

/** A call that was refused. 401 would mean to its clients that there are no tokens at all. */
export function sendRefused({ headers: sent }: FastifyRequest, reply: FastifyReply, failure: Failure): void {
  const { kind, detail, headers } = failure;
  if (headers !== undefined) reply.headers(headers);
  const { status } = failures[kind];
  const isShown = sent.authorization !== undefined || sent['x-consul-token'] !== undefined;
  if (status === 401) sendText(reply, 403, isShown ? 'ACL not found' : 'Permission denied');
  else sendText(reply, status, status === 403 ? `Permission denied: ${detail}` : detail);
}

const statuses: Readonly<Record<Failed['kind'], number>> = {
  ...failedStatuses,
  'precondition-failed': 500,
  outdated: 500,
  exists: 500,
};

const sentences: Readonly<Partial<Record<Failed['kind'], string>>> = {
  ...failedSentences,
  forbidden: 'Permission denied',
  quota: 'The credentials allow no further services',
  'precondition-failed': 'Another writer has changed the service meanwhile',
};

export function isFailed<O extends { readonly kind: string }>(outcome: O): outcome is Extract<O, Failed> {
  return Object.hasOwn(statuses, outcome.kind);
}

export function sendFailed(reply: FastifyReply, outcome: Failed): FastifyReply {
  const text = problemsText(outcome) ?? sentences[outcome.kind] ?? outcome.kind;
  return sendText(reply, statuses[outcome.kind], text);
}
