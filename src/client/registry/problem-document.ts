// An error of the registry as it sends it: RFC 9457 `application/problem+json`. Only a document of one of the registry's
// own types counts: a 404 of an ingress or a 403 of a proxy is no statement about a registration.

import type { Problem } from '../../model/problem.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface ProblemDocument {
  /** `urn:rollcall:problem:unknown-instance` */
  readonly type: string;
  readonly title: string;
  /** What went wrong with this request, with the value. */
  readonly detail: string;
  /** One entry for each fault of the request; empty where the problem lies elsewhere. */
  readonly errors: readonly Problem[];
}

const typePrefix = 'urn:rollcall:problem:';
export const unknownInstanceType = `${typePrefix}unknown-instance`;
export const unknownRouteType = `${typePrefix}unknown-route`;
/** A 503 all the same, but the change has been made. */
export const notDurableType = `${typePrefix}not-durable`;

/** Undefined: the document is none of the registry's. */
export function problemDocumentOf(document: JsonObject | undefined): ProblemDocument | undefined {
  const { type, title, detail, errors } = document ?? {};
  if (typeof type !== 'string' || !type.startsWith(typePrefix)) return undefined;
  const heading = typeof title === 'string' ? title : type;
  return {
    type,
    title: heading,
    detail: typeof detail === 'string' ? detail : heading,
    errors: Array.isArray(errors) ? errors.flatMap(problemOf) : [],
  };
}

function problemOf(entry: unknown): Problem[] {
  const { field, message, value } = (typeof entry === 'object' ? (entry ?? {}) : {}) as JsonObject;
  if (typeof message !== 'string') return [];
  const read = { field: typeof field === 'string' ? field : '', message };
  return [typeof value === 'string' ? { ...read, value } : read];
}

/** The object that a text holds as JSON; undefined: it holds none. */
export function jsonObjectOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
