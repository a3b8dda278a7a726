// Durations as people type them after a flag: 500ms, 30s, 5m, 2h. The server reads the same forms.

import { type Fault, usageFault } from './fault.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds from 1 to `mostMs`; `flag` is what the fault names. */
export function durationMs(flag: string, text: string, mostMs: number): number | Fault {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(digits) * unitMs[(unit ?? 's') as keyof typeof unitMs];
  if (ms >= 1 && ms <= mostMs) return ms;
  return usageFault(
    `${flag}: ${JSON.stringify(text)} is not a duration such as 500ms, 30s or 5m, of ${mostMs / 1000} s at most`,
  );
}
