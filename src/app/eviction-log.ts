// What is logged of an instance that leaves because its lease ended. A change listener.

import type { Logger } from 'pino';
import type { Change } from '../model/change.ts';

export function logEviction(change: Change, logger: Logger): void {
  if (change.kind !== 'evicted') return;
  const { env, appid, instance, leaseSeconds } = change.before;
  logger.info(
    { decision: 'evicted', env, appid, instance, leaseSeconds, revision: change.revision },
    'evicted an instance: its lease ended',
  );
}
