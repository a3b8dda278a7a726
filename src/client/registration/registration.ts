// What a program says of itself when it registers: the fields of the API, the registry's defaults for those left out. The
// registry checks them, and tells every fault at once; here only what makes the path of the call is looked at.

import { RollcallError } from '../rollcall-error.ts';

export interface Registration {
  /** One DNS label: `prod`. */
  readonly env: string;
  /** One or more DNS labels: `orders`, `com.acme.pay`. */
  readonly appid: string;
  /** Unique in its app; `host:port` of the first address by default, which a restarted process has again. */
  readonly instance?: string;
  /** `http://10.0.0.7:8080`; the scheme names the port. */
  readonly addrs: readonly string[];
  readonly version?: string;
  readonly zone?: string;
  readonly group?: string;
  readonly tags?: readonly string[];
  readonly weight?: number;
  readonly priority?: number;
  readonly status?: 'up' | 'waiting';
  readonly metadata?: Readonly<Record<string, string>>;
  /** 90 by default. */
  readonly leaseSeconds?: number;
  readonly dnsTtl?: number;
}

/** What may be changed while registered. */
export type RegistrationChanges = Omit<Partial<Registration>, 'env' | 'appid' | 'instance'>;

export interface Place {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  /** `/api/v1/apps/prod/orders/orders-1` */
  readonly path: string;
}

/** Where a registration goes. Throws `invalid`. */
export function placeOf({ env, appid, instance, addrs }: Registration): Place {
  const id = instance ?? addrs[0]?.replace(/^[^:]*:\/\//, '');
  if (id === undefined) throw invalid('addrs', 'must have at least one address', 'none');
  for (const [field, value] of Object.entries({ env, appid, instance: id })) {
    if (typeof value !== 'string' || value === '') throw invalid(field, 'must be a text that is not empty', value);
    // A URL folds such a segment away, however it is written.
    if (value === '.' || value === '..') throw invalid(field, 'must not be . or ..', value);
  }
  const path = `/api/v1/apps/${[env, appid, id].map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`;
  return { env, appid, instance: id, path };
}

function invalid(field: string, rule: string, value: unknown): RollcallError {
  return new RollcallError(
    'invalid',
    `Cannot register: ${field} ${rule}, received ${JSON.stringify(value) ?? 'nothing'}`,
  );
}
