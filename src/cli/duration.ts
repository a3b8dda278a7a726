// Durations as people type them after a flag and read them in a table: 500ms, 30s, 20m, 2h, 7d. The server reads the same
// forms.

import { type CommandFault, usageFault } from './fault.ts';

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds from 1 to `mostMs`; `flag` is what the fault names. */
export function durationMs(flag: string, text: string, mostMs: number): number | CommandFault {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(digits) * unitMs[(unit ?? 's') as keyof typeof unitMs];
  if (ms >= 1 && ms <= mostMs) return ms;
  return usageFault(
    `${flag}: ${JSON.stringify(text)} is not a duration such as 500ms, 30s or 5m, of ${durationText(mostMs)} at most`,
  );
}

/** One number and one unit: `45s`, `20m`, `5h`, `3d`; `-3s` for what has passed. The unit fits the rounded number. */
export function durationText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const sign = ms < 0 && seconds > 0 ? '-' : '';
  if (seconds < 120) return `${sign}${seconds}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${sign}${minutes}m`;
  const hours = Math.round(seconds / 3600);
  return hours < 48 ? `${sign}${hours}h` : `${sign}${Math.round(seconds / 86_400)}d`;
}
