// Failures that no call has decided: an unknown route, a wrong method, an address or a body that fastify refuses, bytes
// that are no HTTP, and mistakes of our own. All become problem documents, or what the front whose path it is answers; a
// mistake is logged with its stack and reported to the caller without.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { HttpCounters } from '../model/http-counters.ts';
import { printable } from '../model/problem.ts';
import type { RefuseCall } from './auth/auth.ts';
import {
  type Failure,
  type FailureKind,
  failures,
  problemContentType,
  problemDocument,
} from './server/problem-details.ts';

/** Errors of fastify that are the caller's, by code. */
const kinds: Readonly<Record<string, FailureKind>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad-request',
  FST_ERR_BAD_URL: 'bad-request',
  FST_ERR_MAX_PARAM_LENGTH: 'url-too-long',
};

const details: Readonly<Partial<Record<FailureKind, string>>> = {
  'body-too-large': 'Cannot read the body: it is larger than can be read.',
  'unsupported-media-type': 'Cannot read the body: the content type is not one. Send application/json.',
  'url-too-long': 'Cannot read the address: a part of it is longer than any name.',
  'bad-request': 'Cannot read the request: it ended early, or its length is not the one announced.',
  'request-timeout': 'Cannot wait any longer: the request did not arrive in time.',
  'headers-too-large': 'Cannot read the request: its headers are larger than 16 KiB.',
};

interface CodedError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

export interface FailureDeps {
  readonly logger: Logger;
  readonly counters: HttpCounters;
  readonly refuse: RefuseCall;
}

/** The error handler: answers for an error that was thrown, or that fastify found. */
export function sendFailure(
  { logger, counters, refuse }: FailureDeps,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const send = (failure: Failure): FastifyReply => {
    refuse(request, reply, failure);
    return reply;
  };
  const { code, statusCode } = (typeof error === 'object' && error !== null ? error : {}) as CodedError;
  const known = typeof code === 'string' && Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  const isCallers = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  const kind = known ?? (isCallers ? 'bad-request' : undefined);
  if (code === 'FST_ERR_BAD_URL') {
    const detail = 'Cannot read the address: it has a percent sign that does not begin an escape of UTF-8 text.';
    return send({ kind: 'bad-request', detail });
  }
  if (kind === 'body-too-large') {
    counters.refused('body');
    const detail = `Cannot read the body: it is larger than the ${request.routeOptions.bodyLimit} bytes that this call takes.`;
    return send({ kind, detail });
  }
  if (kind !== undefined) return send({ kind, detail: details[kind] as string });
  logger.error({ err: error, method: request.method, route: request.routeOptions.url }, 'a request failed');
  return send({
    kind: 'internal',
    detail: 'Cannot answer: an internal error, which the server has logged.',
  });
}

/** Answers what is no HTTP/1.1 on the socket itself, and closes it. */
export function refuseConnection(error: { readonly code?: string }, socket: Socket): void {
  const response = (socket as { readonly _httpMessage?: { readonly headersSent: boolean } | null })._httpMessage;
  if (error.code !== 'ECONNRESET' && socket.writable && response?.headersSent !== true) {
    const kind = connectionFailures[error.code ?? ''] ?? 'bad-request';
    const { status } = failures[kind];
    const detail = kind === 'bad-request' ? 'Cannot read the request: it is not HTTP/1.1.' : (details[kind] as string);
    const body = `${JSON.stringify(problemDocument({ kind, detail }))}\n`;
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${problemContentType}\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy();
}

const connectionFailures: Readonly<Record<string, FailureKind>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body-too-large',
};

/** Notes all routes as they are added, and gives the answer for a path or method that is not among them. */
export function routeGuide(app: FastifyInstance): (request: FastifyRequest) => Failure {
  const routes = new Map<string, { readonly segments: readonly string[]; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { segments: url.split('/'), methods: new Set<string>() };
    for (const one of Array.isArray(method) ? method : [method]) route.methods.add(one);
    routes.set(url, route);
  });
  return (request) => {
    const path = request.url.split('?', 1)[0] as string;
    const allowed = new Set<string>();
    for (const { segments, methods } of routes.values()) {
      if (isAt(path.split('/'), segments)) for (const method of methods) allowed.add(method);
    }
    if (allowed.size === 0) {
      return {
        kind: 'unknown-route',
        detail: `Cannot find ${printable(path)}: no such route. See /docs or /openapi.json.`,
      };
    }
    const allow = [...allowed].sort().join(', ');
    const detail = `Cannot ${printable(request.method)} ${printable(path)}: it takes ${allow}.`;
    return { kind: 'wrong-method', detail, headers: { allow } };
  };
}

function isAt(path: readonly string[], template: readonly string[]): boolean {
  if (path.length !== template.length) return false;
  return template.every((segment, i) => (segment.startsWith(':') ? path[i] !== '' : segment === path[i]));
}
