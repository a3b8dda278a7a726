// When each app was last asked for, as it is written down and read back. Wall-clock milliseconds, since a monotonic clock
// begins anew with the machine.

/** Kept at most; beyond it those that were asked for least recently are forgotten. */
export const askedAppsMax = 100_000;

export interface AskedRecord {
  /** Since when it is kept. */
  readonly sinceMs: number;
  readonly writtenMs: number;
  /** `env/appid` to the time. */
  readonly apps: readonly (readonly [app: string, ms: number])[];
}
