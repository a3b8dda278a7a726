// What a program registers: the fields of the API; the registry's defaults apply to those left out. The registry checks
// the values and reports every fault at once.

export interface Registration {
  /** One DNS label: `prod`. */
  readonly env: string;
  /** One or more DNS labels: `orders`, `com.acme.pay`. */
  readonly appid: string;
  /** Unique in its app; by default `host:port` of the first address, which a restarted process has again. */
  readonly instance?: string | undefined;
  /** `http://10.0.0.7:8080`; the scheme is the port's name. At least one. */
  readonly addrs: readonly string[];
  /** Empty by default. */
  readonly version?: string | undefined;
  /** The availability zone; empty by default. */
  readonly zone?: string | undefined;
  /** Empty by default. */
  readonly group?: string | undefined;
  /** None by default. */
  readonly tags?: readonly string[] | undefined;
  /** Share of the traffic, as in SRV: 0 to 65535, 10 by default. */
  readonly weight?: number | undefined;
  /** As in SRV: 0 to 65535, lower ones are used first; 0 by default. */
  readonly priority?: number | undefined;
  /** `waiting` is registered without traffic; `up` by default. */
  readonly status?: 'up' | 'waiting' | undefined;
  /** Goes into TXT; empty by default. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Seconds without a renewal after which the instance is evicted; 90 by default, 5 to 86 400. */
  readonly leaseSeconds?: number | undefined;
  /** Seconds for which resolvers may keep an answer; by default the registry's own, 5. */
  readonly dnsTtl?: number | undefined;
}

/** What may be changed while registered. */
export type RegistrationChanges = Omit<Partial<Registration>, 'env' | 'appid' | 'instance'>;

/** The body of the call: everything but what its path names. */
export function registrationBody({ env: _env, appid: _appid, instance: _instance, ...fields }: Registration): object {
  return fields;
}
