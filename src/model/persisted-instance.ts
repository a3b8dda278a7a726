// An instance as the store keeps it, read back at the start for the registry to recover.

import type { Registration, Supervision } from './instance.ts';
import type { Timestamps } from './instance-record.ts';
import type { InstanceKey } from './names.ts';

export interface PersistedInstance {
  readonly key: InstanceKey;
  readonly label: string;
  readonly registration: Registration;
  readonly times: Timestamps;
  readonly revision: number;
  /** Another node runs its lease. */
  readonly isRemote?: boolean | undefined;
  /** The last verdict of its checks counts until the first check of this process. */
  readonly supervision?: Partial<Supervision> | undefined;
}
