// One call of the HTTP API, and what went wrong with it in words that help: which URL, why, and what to do. Node's own
// client, loaded when needed.
// Limits: one request at a time and without redirects or proxies; a reply has at most 64 MiB, which is more than the
// largest app with all its metadata, and 10 s to come.

import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Connection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import type { Fault } from './fault.ts';
import { printable } from './terminal/printable.ts';

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly document: Readonly<Record<string, unknown>>;
}

export interface ApiRequest {
  readonly method?: string;
  /** From the root, percent-encoded. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly withinMs?: number;
}

/** What went wrong, and for whoever tries again what the server said. */
export interface ApiFault extends Fault {
  /** Undefined: no server answered. */
  readonly status?: number;
  /** As the server asked for. */
  readonly retryAfterSeconds?: number;
  /** No connection came about: whatever was asked for has not been done. */
  readonly isUnsent?: boolean;
}

const unsentCodes: readonly string[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

const replyBytesMax = 64 * 1024 * 1024;

/** A reply of status 200 to 299, or the fault. */
export async function callApi(connection: Connection, request: ApiRequest): Promise<ApiReply | ApiFault> {
  const reply = await exchange(connection, request);
  if ('problem' in reply) return reply;
  const { status, text } = reply;
  const document = jsonOf(text);
  if (status >= 200 && status < 300 && document !== undefined) return { status, headers: reply.headers, document };
  const fault = refused(connection, request, status, document);
  const retryAfterSeconds = Number(reply.headers['retry-after'] ?? Number.NaN);
  return retryAfterSeconds > 0 ? { ...fault, retryAfterSeconds } : fault;
}

/** What a reply that is none of 200 to 299 says, read to its end. */
export async function readRefusal(
  connection: Connection,
  request: ApiRequest,
  response: IncomingMessage,
): Promise<Fault> {
  const read = await readReply(response).catch((error: Error) => error);
  const text = read instanceof Error ? '' : read.text;
  return refused(connection, request, response.statusCode ?? 0, jsonOf(text));
}

function refused(
  connection: Connection,
  request: ApiRequest,
  status: number,
  document: Readonly<Record<string, unknown>> | undefined,
): ApiFault {
  const code = status === 404 ? exitCodes.missing : exitCodes.failed;
  return { code, problem: refusal(connection, request, status, document), status };
}

interface RawReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

async function exchange(connection: Connection, call: ApiRequest): Promise<RawReply | ApiFault> {
  const { url, token } = connection;
  const { request } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const { method = 'GET', path, body, withinMs = 10_000 } = call;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || undefined,
    // As it is: a URL object would fold an instance called `..` away.
    path,
    agent: false,
    signal: AbortSignal.timeout(withinMs),
    headers: {
      accept: 'application/json',
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...call.headers,
    },
  };
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({
        code: exitCodes.failed,
        problem: unreachable(connection, error, withinMs),
        isUnsent: unsentCodes.includes(error.code ?? ''),
      });
    const sent = request(options, (response) => void readReply(response).then(resolve, fail));
    sent.once('error', fail);
    sent.end(text);
  });
}

function readReply(response: IncomingMessage): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > replyBytesMax) response.destroy(new Error(`the reply is longer than ${replyBytesMax} bytes`));
      else chunks.push(chunk);
    });
    response.once('error', reject);
    response.once('end', () => {
      const { statusCode = 0, headers } = response;
      resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** Why nobody answered, and what to do about it. */
export function unreachable({ url, flag }: Connection, error: NodeJS.ErrnoException, withinMs: number): string {
  const { code = '' } = error;
  const at = `Cannot reach rollcall at ${url.origin}`;
  if (code === 'ECONNREFUSED') {
    return `${at}: nothing listens there (ECONNREFUSED). Start it with "rollcall serve", or name another with ${flag} or ROLLCALL_URL.`;
  }
  if (error.name === 'TimeoutError' || code === 'ABORT_ERR') return `${at}: no reply within ${withinMs / 1000} s.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${at}: ${url.hostname} has no address (${code}).`;
  return `${at}: ${printable(error.message)}.`;
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A problem document (RFC 9457) as lines: its detail, then every error where there are several. */
function refusal(
  { url }: Connection,
  { method = 'GET', path }: ApiRequest,
  status: number,
  document: Readonly<Record<string, unknown>> | undefined,
): string {
  const { detail, title, errors } = document ?? {};
  const said = typeof detail === 'string' ? detail : typeof title === 'string' ? title : undefined;
  if (said === undefined)
    return `${url.origin} answered ${method} ${printable(path)} with status ${status}, which is not rollcall's way.`;
  const listed = Array.isArray(errors) && errors.length > 1 ? errors.map((one) => `\n  ${errorLine(one)}`) : [];
  const hint = status === 401 ? ' Put the token into ROLLCALL_TOKEN, or name its file with --token-file.' : '';
  return printable(said) + hint + listed.join('');
}

function errorLine(error: unknown): string {
  const { field, message, value } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const received = typeof value === 'string' ? `, received ${value}` : '';
  return printable(`${typeof field === 'string' && field !== '' ? `${field} ` : ''}${String(message)}${received}`);
}
