// Durations as Go writes them: `10s`, `1m30s`, `120000ms`, `0`.

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const octetsMax = 64;

/** Milliseconds; undefined: it is none. */
export function durationMs(text: string): number | undefined {
  if (text === '0' || text === '') return text === '' ? undefined : 0;
  if (text.length > octetsMax || !/^[+-]?(\d+(\.\d*)?(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count, , unit] of text.matchAll(/(\d+(\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g))
    ms += Number(count) * (units[unit as string] as number);
  return text.startsWith('-') ? -ms : ms;
}

/** `1m30s`, `500ms`. */
export function durationText(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
  const seconds = (ms % 60_000) / 1000;
  const minutes = Math.floor(ms / 60_000) % 60;
  const hours = Math.floor(ms / 3_600_000);
  const shown = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : '';
  return `${shown}${seconds}s`;
}
