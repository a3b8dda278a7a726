// Where an instance is registered, and its path in the API. The registry validates the names; only
// what makes the path another one is refused here.

import type { InstanceKey } from '../../model/names.ts';
import { RollcallError } from '../rollcall-error.ts';
import type { Registration } from './registration.ts';

export interface InstancePath extends InstanceKey {
  /** `prod/orders/orders-1` */
  readonly name: string;
  /** `/api/v1/apps/prod/orders/orders-1` */
  readonly apiPath: string;
}

/** Throws `invalid`. Without an instance id it is `host:port` of the first address. */
export function instancePathOf({ env, appid, instance, addrs }: Omit<Registration, 'status'>): InstancePath {
  const id = instance ?? addrs[0]?.replace(/^[^:]*:\/\//, '');
  if (id === undefined) throw invalid('addrs', 'must have at least one address', 'none');
  for (const [field, value] of Object.entries({ env, appid, instance: id })) {
    if (typeof value !== 'string' || value === '') throw invalid(field, 'must be a text that is not empty', value);
    // A URL folds such a segment away, however it is written, and not every `fetch` sends it as it is.
    if (value === '.' || value === '..') throw invalid(field, 'must not be . or ..', value);
  }
  const segments = [env, appid, id].map((part) => encodeURIComponent(part.toWellFormed()));
  return { env, appid, instance: id, name: `${env}/${appid}/${id}`, apiPath: `/api/v1/apps/${segments.join('/')}` };
}

function invalid(field: string, rule: string, value: unknown): RollcallError {
  const received = JSON.stringify(value) ?? 'nothing';
  return new RollcallError('invalid', `Cannot register: ${field} ${rule}, received ${received}`);
}
