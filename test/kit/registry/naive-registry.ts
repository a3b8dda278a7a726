// The registry as one would write it in an hour: an array and loops. Slow and obviously right; the model that random
// histories are compared with.

import { isSameRegistration, type Registration } from '../../../src/model/instance.ts';
import type { InstanceKey } from '../../../src/model/names.ts';

export interface Row {
  readonly key: InstanceKey;
  /** Undefined where an app had the name already: the label is then a longer one, which the model never meets. */
  readonly label: string | undefined;
  registration: Registration;
  deadlineMs: number;
  dirtyAtMs: number;
}

export interface Write {
  readonly registration: Registration;
  readonly ifAbsent: boolean;
  readonly dirtyAtMs: number | undefined;
}

export class NaiveRegistry {
  /** In order of registration. */
  rows: Row[] = [];
  nowMs = 0;
  wallMs = 0;
  changes = 0;

  find({ env, appid, instance }: InstanceKey): Row | undefined {
    return this.rows.find(({ key }) => key.env === env && key.appid === appid && isSameId(key.instance, instance));
  }

  app(env: string, appid: string): Row[] {
    return this.rows.filter(({ key }) => key.env === env && key.appid === appid);
  }

  at(env: string, appid: string): 'app' | 'within' | undefined {
    if (this.app(env, appid).length > 0) return 'app';
    const ending = appid === '' ? '' : `.${appid}`;
    return this.rows.some(({ key }) => key.env === env && key.appid.endsWith(ending)) ? 'within' : undefined;
  }

  register(key: InstanceKey, { registration, ifAbsent, dirtyAtMs }: Write): string {
    const row = this.find(key);
    const deadlineMs = this.nowMs + registration.leaseSeconds * 1000;
    if (row === undefined) {
      if (this.app(key.env, key.appid).length === 0 && this.#hides(key)) return 'conflict';
      const label = key.instance.toLowerCase();
      const isTaken = this.at(key.env, `${label}.${key.appid}`) !== undefined;
      this.rows.push({
        key,
        label: isTaken ? undefined : label,
        registration,
        deadlineMs,
        dirtyAtMs: dirtyAtMs ?? this.wallMs,
      });
      this.changes++;
      return 'created';
    }
    if (ifAbsent) return 'exists';
    if (row.key.instance !== key.instance) return 'conflict';
    if (dirtyAtMs !== undefined && dirtyAtMs < row.dirtyAtMs) return 'outdated';
    row.dirtyAtMs = Math.max(row.dirtyAtMs, dirtyAtMs ?? this.wallMs);
    row.deadlineMs = deadlineMs;
    return this.#put(row, registration) ? 'replaced' : 'unchanged';
  }

  renew(key: InstanceKey): string {
    const row = this.find(key);
    if (row === undefined) return 'unknown';
    row.deadlineMs = this.nowMs + row.registration.leaseSeconds * 1000;
    return 'renewed';
  }

  patch(key: InstanceKey, patched: (before: Registration) => Registration): string {
    const row = this.find(key);
    if (row === undefined) return 'unknown';
    const before = row.registration;
    if (!this.#put(row, patched(before))) return 'unchanged';
    const longer = Math.max(0, row.registration.leaseSeconds - before.leaseSeconds) * 1000;
    row.deadlineMs = Math.min(row.deadlineMs + longer, this.nowMs + row.registration.leaseSeconds * 1000);
    return 'patched';
  }

  cancel(key: InstanceKey): string {
    const row = this.find(key);
    if (row === undefined) return 'unknown';
    this.rows = this.rows.filter((other) => other !== row);
    this.changes++;
    return 'cancelled';
  }

  evict(): number {
    const due = this.rows.filter(({ deadlineMs }) => deadlineMs <= this.nowMs);
    this.rows = this.rows.filter((row) => !due.includes(row));
    this.changes += due.length;
    return due.length;
  }

  #put(row: Row, registration: Registration): boolean {
    if (isSameRegistration(row.registration, registration)) return false;
    row.registration = registration;
    this.changes++;
    return true;
  }

  /** It would lie at or below the DNS name of an instance. */
  #hides({ env, appid }: InstanceKey): boolean {
    const name = `.${appid}`;
    const isBelow = ({ key, label }: Row) => label !== undefined && name.endsWith(`.${label}.${key.appid}`);
    return this.rows.some((row) => row.key.env === env && isBelow(row));
  }
}

function isSameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
