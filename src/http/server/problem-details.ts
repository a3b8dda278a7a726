// Errors as documents: RFC 9457 `application/problem+json`. One table from what happened to status and title, one
// function that builds the document and one that sends it; no other file of this folder chooses a status above 399.
// Texts are ours: nothing of a library, a stack or a path on disk gets into a reply.
// Limits: 100 problems are listed, so that 64 KiB of wrong fields cannot ask for a reply of megabytes.

import type { FastifyReply } from 'fastify';
import type { Problem } from '../../model/problem.ts';

export const problemContentType = 'application/problem+json; charset=utf-8';

/** The table: every way in which a request can fail. */
export const failures = {
  'bad-request': { status: 400, title: 'The request is not one that can be read' },
  'invalid-request': { status: 400, title: 'The request has wrong values' },
  'invalid-json': { status: 400, title: 'The body is not the JSON it has to be' },
  unauthorized: { status: 401, title: 'A token is needed' },
  'foreign-origin': { status: 403, title: 'Web pages of other sites may not call this API' },
  'unexpected-host': { status: 403, title: 'The Host header names a host that this server is not called by' },
  'tls-needed': { status: 403, title: 'The call is answered over TLS alone' },
  'unknown-route': { status: 404, title: 'There is no such call' },
  'unknown-instance': { status: 404, title: 'The instance is not registered' },
  'wrong-method': { status: 405, title: 'The call has another method' },
  'not-acceptable': { status: 406, title: 'The call has no reply of a type that the client takes' },
  'request-timeout': { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'The name already means something else' },
  'up-again': { status: 409, title: 'The instance takes traffic again' },
  exists: { status: 412, title: 'The instance is already registered' },
  'precondition-failed': { status: 412, title: 'The instance is not in the state the request was made for' },
  'not-recorded': { status: 410, title: 'The record does not go back so far' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'url-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The body is not of a type that this call takes' },
  'rate-limited': { status: 429, title: 'The client sends more requests than it may' },
  'unread-replies': { status: 429, title: 'The client does not read its replies' },
  'too-many-of-client': { status: 429, title: 'The client has too many connections open' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'The server made a mistake' },
  'not-durable': { status: 503, title: 'The change could not be written down' },
  'store-failing': { status: 503, title: 'Changes cannot be written down at present' },
  'not-ready': { status: 503, title: 'The server is not ready yet' },
  'too-many-connections': { status: 503, title: 'Too many connections are open' },
  overloaded: { status: 503, title: 'The server has as much to do as it can' },
  stopping: { status: 503, title: 'The server is stopping' },
  full: { status: 507, title: 'There is no room for another instance' },
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
