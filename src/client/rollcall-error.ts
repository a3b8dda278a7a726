// The errors of the package. Inside, what can happen is a value; at the API of the package it is an error, as callers of
// promises expect, with a code to branch on and a message with what, why and the value.

import type { Problem } from '../model/problem.ts';

/**
 * - `invalid`: an option or a name is invalid; the message names it
 * - `refused`: the registry refuses it; `status`, `type` and `errors` are the registry's
 * - `no-instances`: no instance takes traffic
 * - `circuit-open`: the circuit breakers of all endpoints are open
 * - `timeout`: it did not happen in time
 * - `closed`: the client, or this part of it, is closed
 * - `limit-reached`: the client follows as many apps as it may
 */
export type RollcallErrorCode =
  | 'invalid'
  | 'refused'
  | 'no-instances'
  | 'circuit-open'
  | 'timeout'
  | 'closed'
  | 'limit-reached';

/** What a refused reply adds: its status, and the type and faults of its problem document. */
export interface RegistryRefusal {
  readonly status: number;
  readonly problem: { readonly type: string; readonly errors: readonly Problem[] };
}

export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly code: RollcallErrorCode;
  /** With `refused`: the HTTP status; undefined otherwise. */
  readonly status: number | undefined;
  /** With `refused`: the type of the problem (RFC 9457), `urn:rollcall:problem:invalid-request`; undefined otherwise. */
  readonly type: string | undefined;
  /** With `refused`: one entry for each fault of the request; may be empty. */
  readonly errors: readonly Problem[];

  constructor(code: RollcallErrorCode, message: string, refusal?: RegistryRefusal) {
    super(message);
    this.code = code;
    this.status = refusal?.status;
    this.type = refusal?.problem.type;
    this.errors = refusal?.problem.errors ?? [];
  }
}
