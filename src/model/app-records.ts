// An app with the records of its instances: for lists, watches and fronts, which read more than DNS does.

import type { InstanceRecord } from './instance-record.ts';
import type { AppView } from './view.ts';

export interface AppRecords extends AppView {
  readonly size: number;
  instances(): Iterable<InstanceRecord>;
  /** By id, ignoring case. */
  byId(id: string): InstanceRecord | undefined;
}
