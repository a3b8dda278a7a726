// The verdict of checks, or of the end of a lease, on an instance, beside what its registrant wants (see status.ts). Instances
// that are evicted at the end of their lease have no health. Where both a lease that ends in waiting and checks decide, each
// has its own part, and the verdict is the worse of the two.

export const Verdict = ['unchecked', 'passing', 'warning', 'critical'] as const;
/** `unchecked`: no check has finished yet. `warning`: it serves, and reports that it is close to not doing so. */
export type Verdict = (typeof Verdict)[number];

/** The result of checks. */
export interface Judgement {
  readonly verdict: Verdict;
  /** Why, in words: what was asked, and the result. */
  readonly reason: string;
}

export interface HealthParts {
  readonly lease: Judgement;
  readonly checks: Judgement;
}

export interface Health extends Judgement {
  /** The service file that it comes from; undefined: it was registered over the API. */
  readonly file: string | undefined;
  /** Only where a lease and checks decide together. */
  readonly parts?: HealthParts;
}

/** Whether an instance of this verdict takes traffic, if its registrant wants it. */
export function isServing(verdict: Verdict): boolean {
  return verdict === 'passing' || verdict === 'warning';
}

const worstFirst: readonly Verdict[] = ['critical', 'unchecked', 'warning', 'passing'];

/** Whether the two differ in nothing that counts: another reason for the same verdict is no change. */
export function isSameHealth(a: Health | undefined, b: Health | undefined): boolean {
  return (
    a?.verdict === b?.verdict &&
    a?.file === b?.file &&
    a?.parts?.lease.verdict === b?.parts?.lease.verdict &&
    a?.parts?.checks.verdict === b?.parts?.checks.verdict
  );
}

/** Of a lease and checks that decide together. */
export function combinedHealth(parts: HealthParts, file: string | undefined): Health {
  const { lease, checks } = parts;
  const isLease = worstFirst.indexOf(lease.verdict) < worstFirst.indexOf(checks.verdict);
  const { verdict, reason } = isLease ? lease : checks;
  return { verdict, reason, file, parts };
}

/** What the lease has come to, where one decides. */
export function leasePart(health: Health): Judgement {
  return health.parts?.lease ?? health;
}

/** What the checks have come to, where some decide. */
export function checksPart(health: Health): Judgement {
  return health.parts?.checks ?? health;
}

/** The same with what the lease has come to. */
export function withLeasePart(health: Health, { verdict, reason }: Judgement): Health {
  const { parts, file } = health;
  const lease = { verdict, reason };
  return parts === undefined ? { ...lease, file } : combinedHealth({ ...parts, lease }, file);
}

/** The same with what the checks have come to. */
export function withChecksPart(health: Health, { verdict, reason }: Judgement): Health {
  const { parts, file } = health;
  const checks = { verdict, reason };
  return parts === undefined ? { ...checks, file } : combinedHealth({ ...parts, checks }, file);
}
