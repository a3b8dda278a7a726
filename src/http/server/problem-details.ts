// Errors as documents: RFC 9457 `application/problem+json`. One table from what happened to status and title, one
// function that builds the document and one that sends it; no other file of this folder chooses a status above 399.
// Texts are ours: nothing of a library, a stack or a path on disk gets into a reply.
// Limits: 100 problems are listed, so that 64 KiB of wrong fields cannot ask for a reply of megabytes.

import type { FastifyReply } from 'fastify';
import type { Problem } from '../../model/problem.ts';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** The table: every way in which a request can fail. */
export const failures = {
  'bad-request': { status: 400, title: 'Malformed request' },
  'invalid-request': { status: 400, title: 'Invalid values' },
  'invalid-json': { status: 400, title: 'Malformed JSON body' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  forbidden: { status: 403, title: 'Forbidden' },
  'foreign-origin': { status: 403, title: 'Foreign origin' },
  'unexpected-host': { status: 403, title: 'Unexpected host' },
  'tls-needed': { status: 403, title: 'TLS required' },
  'unknown-route': { status: 404, title: 'Not found' },
  'unknown-instance': { status: 404, title: 'Unknown instance' },
  'unknown-node': { status: 404, title: 'Unknown node' },
  'wrong-method': { status: 405, title: 'Method not allowed' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  'request-timeout': { status: 408, title: 'Request timeout' },
  'node-alive': { status: 409, title: 'Node is not missed' },
  conflict: { status: 409, title: 'Name conflict' },
  'up-again': { status: 409, title: 'Instance is up again' },
  exists: { status: 412, title: 'Instance exists' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'not-recorded': { status: 410, title: 'Not recorded' },
  'body-too-large': { status: 413, title: 'Body too large' },
  'url-too-long': { status: 414, title: 'URL too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  quota: { status: 429, title: 'Too many instances of this credential' },
  'wrong-credentials': { status: 429, title: 'Too many wrong credentials' },
  'rate-limited': { status: 429, title: 'Rate limited' },
  'unread-replies': { status: 429, title: 'Unread replies' },
  'too-many-of-client': { status: 429, title: 'Too many connections of this client' },
  'headers-too-large': { status: 431, title: 'Headers too large' },
  internal: { status: 500, title: 'Internal server error' },
  'not-in-this-mode': { status: 501, title: 'Not offered in this cluster mode' },
  'not-durable': { status: 503, title: 'Change not written to disk' },
  'store-failing': { status: 503, title: 'Store failing' },
  'no-quorum': { status: 503, title: 'Not confirmed by the cluster' },
  'not-ready': { status: 503, title: 'Not ready' },
  'issuer-away': { status: 503, title: 'Issuer of the token not reachable' },
  'too-many-connections': { status: 503, title: 'Too many connections' },
  overloaded: { status: 503, title: 'Server overloaded' },
  stopping: { status: 503, title: 'Server stopping' },
  full: { status: 507, title: 'Registry full' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type FailureKind = keyof typeof failures;

/** One entry of `errors`. `pointer` is there where the fault is in the body. */
export interface ListedProblem extends Problem {
  readonly pointer?: string;
}

export interface Failure {
  readonly kind: FailureKind;
  readonly detail: string;
  readonly errors?: readonly ListedProblem[];
  /** Further members of the document, such as the instance that is stored. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const errorsMax = 100;

/** The document of a failure, as a plain object. */
export function problemDocument(failure: Failure): Record<string, unknown> {
  const { status, title } = failures[failure.kind];
  const document: Record<string, unknown> = {
    type: `urn:rollcall:problem:${failure.kind}`,
    title,
    status,
    detail: failure.detail,
  };
  if (failure.errors !== undefined) document['errors'] = failure.errors.slice(0, errorsMax);
  return { ...document, ...failure.members };
}

/** Answers the request with a failure. */
export function sendProblem(reply: FastifyReply, failure: Failure): FastifyReply {
  if (failure.headers !== undefined) reply.headers(failure.headers);
  return reply
    .code(failures[failure.kind].status)
    .header('content-type', problemContentType)
    .send(JSON.stringify(problemDocument(failure)));
}

/** A 400 that lists problems: `what` begins its detail, as in `Cannot register prod/pay/a1`. */
export function invalidRequest(what: string, errors: readonly ListedProblem[]): Failure {
  const [first] = errors as [ListedProblem, ...ListedProblem[]];
  const only =
    `${first.field} ${first.message}${first.value === undefined ? '' : `, received ${first.value}`}`.trimStart();
  if (errors.length === 1) return { kind: 'invalid-request', detail: `${what}: ${only}`, errors };
  const listed = errors.length > errorsMax ? `, of which ${errorsMax} are listed` : '';
  return { kind: 'invalid-request', detail: `${what}: ${errors.length} problems${listed}; the first: ${only}`, errors };
}

/** Problems of a JSON body, each with its JSON pointer (RFC 6901, as a URI fragment). */
export function inBody(problems: readonly Problem[]): ListedProblem[] {
  return problems.map(({ field, message, value }) => {
    const listed = { field, pointer: pointerOf(field), message };
    return value === undefined ? listed : { ...listed, value };
  });
}

/** The members of bodies below which `field` paths go deeper; any other field is one name, whatever is in it. */
const composite = /^(addrs|tags|instances|checks)\[(\d+)\](?:\.(.+))?$|^(metadata)\.(.+)$/s;

function pointerOf(field: string): string {
  if (field === '') return '#';
  const parts = composite
    .exec(field)
    ?.slice(1)
    .filter((part) => part !== undefined) ?? [field];
  return `#/${parts.map((part) => encodeURIComponent(part.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
}
