// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. What no server would mean is cut: a typing error of an operator
// must not silence a client for a year.

const retryAfterMsMax = 300_000;

/** In milliseconds; undefined: there is none, or it cannot be read. */
export function retryAfterMs(header: string | null, wallMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - wallMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), retryAfterMsMax);
}
