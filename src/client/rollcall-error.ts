// What the client throws. Inside, what can happen is a value; at the door of the package it is an error, as callers of
// promises expect, with a code to branch on and a message that says what, why and the value.

/**
 * `invalid`: an option is wrong, see the message · `refused`: the registry does not take it, `status` says why ·
 * `nobody`: no instance takes traffic · `broken`: all that do are held back by their breakers · `late`: it did not happen
 * in the time given · `closed`: the client, or this part of it, is closed · `full`: a limit of the client is reached.
 */
export type RollcallErrorCode = 'invalid' | 'refused' | 'nobody' | 'broken' | 'late' | 'closed' | 'full';

export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly code: RollcallErrorCode;
  /** The registry's HTTP status, where it has answered. */
  readonly status: number | undefined;

  constructor(code: RollcallErrorCode, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.status = options.status;
  }
}
