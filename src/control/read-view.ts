// What of the registry and its change log fronts may read: records and revisions, read-only. The registry and the change
// log implement these; nothing here writes.

import type { AppRecords } from '../model/app-records.ts';
import type { Change } from '../model/change.ts';
import type { GuardView } from '../model/guard-status.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { InstanceKey } from '../model/names.ts';

export interface ReadView {
  readonly revision: number;
  readonly guard: GuardView;
  app(env: string, appid: string): AppRecords | undefined;
  /** Of one env, or all; in no particular order. */
  apps(env?: string): Iterable<AppRecords>;
  find(key: InstanceKey): InstanceRecord | undefined;
  /** Of the app's last change, also of one that has lost its last instance; 0: none is remembered. */
  appRevision(env: string, appid: string): number;
}

/** The latest changes, in order. */
export interface ChangeSource {
  /** The revision at which this process began: what is below belongs to an earlier one. */
  readonly beganAt: number;
  /** Every change after this revision is kept. */
  readonly completeSince: number;
  /** The changes after a revision, to be read before the next change; undefined where that one is not kept. */
  since(revision: number): Iterable<Change> | undefined;
}
