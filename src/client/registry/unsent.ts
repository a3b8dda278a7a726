// Errors of requests that never reached the other side: nothing was sent, so that any call may be made again elsewhere, a
// write as well as a read. Node and undici wrap such errors in others, as `cause` or in a list.

const unsentCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Causes within causes. */
const depthMax = 5;

export function isUnsent(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > depthMax) return false;
  if ('code' in error && unsentCodes.has(error.code)) return true;
  // An attempt over IPv6 and one over IPv4: all of them have to have failed before sending.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((one) => isUnsent(one, depth + 1));
  }
  return isUnsent(error.cause, depth + 1);
}
