// What a follower reads from: another registry, seen through its own HTTP API. A source keeps asking until its signal aborts;
// it gives whole states alone, so that what is missing from one is known to be gone. HTTP is handed in, since the
// bridges have no client of their own.

import { limits } from '../model/instance.ts';
import { parseIpv6 } from '../model/ip.ts';
import { isPrintable, utf8Length } from '../model/text.ts';

export interface SourceRequest {
  /** `GET` by default. */
  readonly method?: 'GET' | 'POST';
  /** Behind the base address, percent-encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `application/x-www-form-urlencoded`. */
  readonly form?: Readonly<Record<string, string>>;
  /** For how long the other registry was asked to wait before it answers; 0 by default. */
  readonly waitMs?: number;
}

export interface SourceAnswer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
}

export interface SourceFault {
  /** Why there is no answer of use, in one phrase. */
  readonly fault: string;
}

/** One request; never rejects. */
export type SourceHttp = (request: SourceRequest, signal: AbortSignal) => Promise<SourceAnswer | SourceFault>;

export type SourceKind = 'consul' | 'eureka' | 'nacos';

/** An instance as the other registry has it, in our fields. */
export interface SourceInstance {
  /** The name of its service as it was given there. */
  readonly appName: string;
  readonly instance: string;
  /** A registration as JSON; it has not been checked yet. */
  readonly registration: Readonly<Record<string, unknown>>;
  /** What the front of that registry keeps with an instance, so that its clients find here what they find there. */
  readonly content: Readonly<Record<string, unknown>>;
}

export interface Unmapped {
  /** `service/instance`, as they are called there. */
  readonly name: string;
  readonly why: string;
}

export interface SourceState {
  readonly instances: readonly SourceInstance[];
  /** What cannot be read as an instance. */
  readonly unmapped: readonly Unmapped[];
}

/** Called in turn, never two at a time; neither may throw. */
export interface SourceListener {
  readonly onState: (state: SourceState) => void;
  /** It cannot be read now; it is tried again. */
  readonly onOutage: (why: string) => void;
}

export interface RegistrySource {
  readonly kind: SourceKind;
  /** Resolves once the signal has aborted. */
  follow(listener: SourceListener, signal: AbortSignal): Promise<void>;
}

export type SourceFields = Readonly<Record<string, unknown>>;

/** The body of a 200 as JSON; anything else is a fault. */
export function jsonOf(reply: SourceAnswer | SourceFault, path: string): { readonly json: unknown } | SourceFault {
  if ('fault' in reply) return reply;
  if (reply.status !== 200) return { fault: `${path} was answered with status ${reply.status}` };
  try {
    return { json: JSON.parse(reply.text) as unknown };
  } catch {
    return { fault: `the answer to ${path} is not JSON` };
  }
}

export function fieldsOf(value: unknown): SourceFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as SourceFields) : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The texts of a map; what is no text is written as JSON, `null` is left out. */
export function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(fieldsOf(value)).filter(([, one]) => one !== null && one !== undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]));
}

/** An address of a registration. */
export function addressOf(portName: string, host: string, port: number): string {
  const at = parseIpv6(host) === undefined ? host : `[${host}]`;
  return `${portName}://${at}:${port}`;
}

/** Whether a text can be a version, a zone or a tag here. */
export function isSelectable(text: string | undefined): text is string {
  return text !== undefined && text !== '' && utf8Length(text) <= limits.textOctets && isPrintable(text);
}

/** The version and zone that metadata has, as the fronts read them. */
export function selectorsIn(
  metadata: Readonly<Record<string, string>>,
  names: readonly ('version' | 'zone')[],
): SourceFields {
  return Object.fromEntries(names.filter((name) => isSelectable(metadata[name])).map((name) => [name, metadata[name]]));
}
