// An eviction, for the log: nobody asked for it, so nobody else would hear of it.

import type { Logger } from 'pino';
import type { Change } from './registry/change.ts';

export function logEviction(change: Change, logger: Logger): void {
  if (change.kind !== 'evicted') return;
  const { env, appid, instance, leaseSeconds } = change.before;
  logger.info(
    { decision: 'evicted', env, appid, instance, leaseSeconds, revision: change.revision },
    'evicted an instance: its lease ended',
  );
}
