// Lists, narrowed by the `filter` of the call, as JSON.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { queryOf } from '../parameters.ts';
import { type Filter, parseFilter } from './filter.ts';
import { sendJson, sendText } from './replies.ts';

/** The filter of a call: all pass where there is none; undefined: its fault has been answered. */
export function filterOf(request: FastifyRequest, reply: FastifyReply): Filter | undefined {
  const text = queryOf(request).get('filter') ?? '';
  if (text === '') return () => true;
  const filter = parseFilter(text);
  if (typeof filter === 'function') return filter;
  sendText(reply, 400, `Failed to create boolean expression evaluator: ${filter.fault}`);
  return undefined;
}

/** `shape`: what the original makes of the list. */
export function filtered<T extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  all: readonly T[],
  shape: (found: readonly T[]) => unknown,
): FastifyReply {
  const filter = filterOf(request, reply);
  return filter === undefined ? reply : sendJson(reply, JSON.stringify(shape(all.filter(filter))));
}
