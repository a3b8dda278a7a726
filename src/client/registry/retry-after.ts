// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. Cut at a minute, so that neither a typing error of an operator nor
// a proxy's own page silences a client for longer than a lease.

export const retryAfterMsMax = 60_000;

/** Milliseconds; undefined: there is none, or it cannot be read. */
export function retryAfterMs(header: string | null, wallMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), retryAfterMsMax);
}
