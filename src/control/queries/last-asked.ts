// When each app was last asked for, beyond the life of a process: `QueryStatistics` begins anew with each, and an app without
// queries for a week is found only where a deploy does not begin the week again. One time an app, in wall-clock
// milliseconds, because it outlives the monotonic clock; what is kept of it is a plain value, which the store writes down.
// Limits: `askedAppsMax` apps; beyond it those that were asked for least recently are forgotten, a tenth at once. A gap of more than
// `gapMsMax` in the record (a folder from a backup, a host that was away) makes it begin anew.

import { type AskedRecord, askedAppsMax } from '../../model/asked-record.ts';
import type { AppKey } from '../../model/names.ts';

const forgottenAtOnce = 0.1;
const gapMsMax = 86_400_000;

export class LastAsked {
  readonly sinceMs: number;
  readonly #apps: Map<string, number>;

  /** `before`: what the process before has left. */
  constructor(before: AskedRecord | undefined, nowMs: number) {
    // A clock that was set back makes times of the future: they are worth no more than a gap.
    const isSound =
      before !== undefined && before.writtenMs <= nowMs + gapMsMax && before.writtenMs >= nowMs - gapMsMax;
    this.sinceMs = isSound ? Math.min(before.sinceMs, nowMs) : nowMs;
    this.#apps = new Map(isSound ? before.apps.slice(0, askedAppsMax) : []);
  }

  note({ env, appid }: AppKey, atMs: number): void {
    const app = `${env}/${appid}`;
    const before = this.#apps.get(app);
    if (before !== undefined && before >= atMs) return;
    if (before === undefined && this.#apps.size >= askedAppsMax) this.#forget();
    this.#apps.set(app, atMs);
  }

  of({ env, appid }: AppKey): number | undefined {
    return this.#apps.get(`${env}/${appid}`);
  }

  /** To be written down. */
  record(nowMs: number): AskedRecord {
    return { sinceMs: this.sinceMs, writtenMs: nowMs, apps: [...this.#apps] };
  }

  #forget(): void {
    const byAge = [...this.#apps].sort(([, a], [, b]) => a - b);
    for (const [app] of byAge.slice(0, Math.ceil(byAge.length * forgottenAtOnce))) this.#apps.delete(app);
  }
}
