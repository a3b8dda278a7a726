// One call of the HTTP API for a command, over the client's own link to the registry; a failure as sentences that help:
// which URL, why, and what to do.
// Limits: a reply has at most 64 MiB and, by default, 10 s to arrive.

import { httpRequestWith } from '../client/registry/http-request.ts';
import { systemLookUp } from '../client/registry/places.ts';
import { unknownRouteType } from '../client/registry/problem-document.ts';
import { type ApiCall, RegistryLink } from '../client/registry/registry-link.ts';
import { type DoneReply, type FailedReply, isUnknownInstance } from '../client/registry/reply.ts';
import type { Problem } from '../model/problem.ts';
import { systemScheduler } from '../runtime/scheduler.ts';
import { addressesOf, addressText, type ServerConnection } from './connection.ts';
import { exitCodes } from './exit-codes.ts';
import type { CommandFault } from './fault.ts';
import { printable } from './terminal/printable.ts';

export interface ApiRequest extends ApiCall {
  /** Milliseconds; 10 000 by default. */
  readonly timeoutMs?: number;
}

const timeoutMsDefault = 10_000;
const never = new AbortController().signal;

/** The reply, or the fault. */
export async function callApi(connection: ServerConnection, request: ApiRequest): Promise<DoneReply | CommandFault> {
  const { timeoutMs = timeoutMsDefault, ...call } = request;
  const reply = await linkTo(connection, timeoutMs).call(call, never);
  return reply.kind === 'done' ? reply : faultOf(connection, reply);
}

/** `onOtherRegistry`: for what goes on for long, see registry-link.ts. */
export function linkTo(
  connection: ServerConnection,
  requestTimeoutMs: number,
  onOtherRegistry?: (text: string) => void,
): RegistryLink {
  const { token, tls } = connection;
  return new RegistryLink({
    ...{ addresses: addressesOf(connection), token, fetch: httpRequestWith(tls), lookUp: systemLookUp },
    ...{ scheduler: systemScheduler, requestTimeoutMs, onOtherRegistry },
  });
}

export function faultOf(connection: ServerConnection, reply: FailedReply): CommandFault {
  const code = isUnknownInstance(reply) ? exitCodes.missing : exitCodes.failed;
  if (reply.kind === 'unreachable') return { code, problem: unreachableText(connection, reply.error) };
  const hint = reply.status === 401 ? ' Put the token into ROLLCALL_TOKEN, or name its file with --token-file.' : '';
  if (reply.kind === 'foreign' || reply.problem === undefined)
    return { code, problem: `${printable(reply.text)}.${hint}` };
  const { detail, errors } = reply.problem;
  const listed = errors.length > 1 ? errors.map((one) => `\n  ${errorLine(one)}`) : [];
  const isUnknownCall = reply.problem.type === unknownRouteType;
  return { code, problem: printable(detail) + hint + listed.join(''), isUnknownCall };
}

/** Why there was no reply, and what to do about it. */
export function unreachableText(connection: ServerConnection, { code = '', message }: NodeJS.ErrnoException): string {
  const { urls, flag } = connection;
  const at = `Cannot reach rollcall at ${addressText(connection)}`;
  const [url] = urls;
  if (urls.length > 1 || url === undefined)
    return `${at}; of the last: ${printable(message)}. ${flag} and ROLLCALL_URL name the nodes.`;
  if (code === 'ECONNREFUSED') {
    return `${at}: nothing listens there (ECONNREFUSED). Start it with "rollcall serve", or name another with ${flag} or ROLLCALL_URL.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${at}: ${url.hostname} has no address (${code}).`;
  if (untrusted.has(code)) {
    return `${at}: its certificate is not trusted (${code}). Name the authority that has signed it with --ca FILE or ROLLCALL_CA.`;
  }
  return `${at}: ${printable(message)}.`;
}

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function errorLine({ field, message, value }: Problem): string {
  return printable(`${field === '' ? '' : `${field} `}${message}${value === undefined ? '' : `, received ${value}`}`);
}
