// What the API sends, as far as the console reads it (docs/api.md, /openapi.json). Fields that a server may leave out are
// optional here.

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  /** Of `not-recorded`. */
  readonly completeSince?: string;
}

export interface ServerIndex {
  readonly version: string;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly dnsPort?: number;
  /** Where there is a cluster. */
  readonly nodes?: string;
}

export interface AppEntry {
  readonly env: string;
  readonly appid: string;
  readonly instances: number;
  readonly up: number;
}

export interface Catalogue {
  readonly revision: number;
  readonly apps: readonly AppEntry[];
  readonly next?: string;
}

export interface Health {
  readonly verdict: string;
  readonly reason: string;
  readonly wanted: string;
}

/** An operator's word, which wins over what the registrant wants. */
export interface Override {
  readonly status: string;
  readonly wanted: string;
  readonly by: string;
  readonly reason?: string;
  /** Null: until the next registration or patch as up. */
  readonly until: string | null;
}

/** An instance without its times: as the record of changes has it. */
export interface InstanceContent {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly label: string;
  readonly addrs: readonly string[];
  readonly version: string;
  readonly zone: string;
  readonly group: string;
  readonly tags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly status: 'up' | 'waiting';
  readonly metadata: Readonly<Record<string, string>>;
  readonly leaseSeconds: number;
  readonly dnsTtl: number;
  readonly checks?: readonly Readonly<Record<string, unknown>>[];
  readonly health?: Health;
  readonly override?: Override;
}

export interface Instance extends InstanceContent {
  readonly registeredAt: string;
  readonly upAt: string | null;
  readonly renewedAt: string;
  readonly updatedAt: string;
  readonly leaseEndsAt: string | null;
  readonly suspect?: true;
  readonly revision: number;
}

export interface AppReply {
  readonly env: string;
  readonly appid: string;
  readonly index: number;
  readonly instances: readonly Instance[];
}

export interface PastReply {
  readonly at: string;
  readonly revision: number;
  readonly instances: readonly InstanceContent[];
}

export interface Change {
  readonly revision: number;
  readonly at: string;
  readonly why: string;
  readonly text: string;
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly by?: { readonly address: string; readonly token?: string; readonly reason?: string };
  readonly changed?: readonly string[];
  readonly verdict?: string;
  readonly reason?: string;
  readonly silentSeconds?: number;
  readonly before?: InstanceContent;
  readonly after?: InstanceContent;
}

/** A change as the watch sends it: with the instance as it is now. */
export interface WatchedChange extends Omit<Change, 'after' | 'before'> {
  readonly kind: 'registered' | 'updated' | 'cancelled' | 'evicted';
  readonly after?: Instance;
}

export interface EventsReply {
  readonly events: readonly Change[];
  readonly completeSince: string;
  readonly unreadable?: readonly number[];
  readonly next?: string;
}

export interface Removed {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
  readonly why: string;
  readonly at: string;
}

export interface RestoreReply {
  readonly dryRun: boolean;
  readonly restored: readonly Removed[];
  readonly skipped: readonly (Removed & { readonly reason: string })[];
  readonly skippedCount: number;
  readonly left: number;
}

export interface Guard {
  readonly holding: boolean;
  readonly registryHeld: boolean;
  readonly reason: string;
  readonly since: string | null;
  readonly members: number;
  readonly late: number;
  readonly suspects: number;
  readonly expectedRenewalsPerMinute: number;
  readonly seenRenewalsPerMinute: number;
  readonly apps: readonly HeldApp[];
  readonly moreApps: number;
}

export interface HeldApp {
  readonly env: string;
  readonly appid: string;
  readonly reason: string;
  readonly since: string;
  readonly members: number;
  readonly late: number;
  readonly suspects: number;
}

export interface Answer {
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly flags: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  readonly reason: string;
  readonly ttl?: number;
  /** How often this was asked, where that is counted. */
  readonly asked?: {
    readonly count: number;
    readonly lastMinute: number;
    readonly clients: number;
    readonly lastSeen: string;
  };
}

export interface StopReply {
  readonly outcome: string;
  readonly safe: boolean;
  readonly safeToStopAt: string;
  readonly safeInSeconds: number;
}

/** Queries added up; what the grouping adds up is absent. */
export interface QueryRow {
  readonly name?: string;
  readonly type?: string;
  readonly rcode?: string;
  readonly transport?: string;
  /** An address or network; empty where clients are not kept. */
  readonly client?: string;
  readonly env?: string;
  readonly appid?: string;
  readonly count: number;
  readonly lastMinute: number;
  readonly lastHour: number;
  readonly lastDay: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly clients: number;
  readonly names: number;
  /** Registered apps of nearly that name, as env/appid. */
  readonly closeTo?: readonly string[];
}

export interface QueriesReply {
  readonly since: string;
  readonly total: number;
  readonly unlisted?: number;
  readonly queries: readonly QueryRow[];
  readonly next?: number;
}

export interface UnaskedReply {
  readonly since: string;
  readonly apps: readonly { readonly env: string; readonly appid: string; readonly lastSeen: string | null }[];
}

export type Right = 'read' | 'register' | 'operate' | 'metrics' | 'admin';

/** Who calls; grants add up, and `*` is any run of characters. */
export interface Caller {
  readonly kind: string;
  readonly name: string;
  readonly allow: readonly { readonly rights: readonly Right[]; readonly env: string; readonly app: string }[];
  readonly expiresAt: string | null;
  readonly instancesMax: number | null;
}

export interface ZoneFile {
  readonly file: string;
  /** Null: the file is not named after a zone. */
  readonly zone: string | null;
  readonly state: string;
  /** file, last good version, SERVFAIL, nothing. */
  readonly serves: string;
  readonly serial: number | null;
  readonly records: number | null;
  readonly faults: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[];
  readonly hidden: readonly { readonly env: string; readonly appid: string; readonly instances: number }[];
  readonly moreHidden: number;
}

export interface ZonesReply {
  readonly total: number;
  readonly failing: number;
  readonly zones: readonly ZoneFile[];
}
