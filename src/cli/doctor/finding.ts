// The doctor's findings: one line for each thing looked at. `fail`: names are not found, or wrong ones are; `warn`: it
// works, or may, but not as well as it should.

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly level: Level;
  /** What was looked at: `resolver 127.0.0.1:53`. */
  readonly what: string;
  readonly why: string;
  /** What to do; empty where nothing is. */
  readonly advice: string;
}

export function ok(what: string, why: string): Finding {
  return { level: 'ok', what, why, advice: '' };
}

export function warn(what: string, why: string, advice: string): Finding {
  return { level: 'warn', what, why, advice };
}

export function fail(what: string, why: string, advice: string): Finding {
  return { level: 'fail', what, why, advice };
}
