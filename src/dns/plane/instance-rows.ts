// The instances of the registry as all DNS threads read them: rows of six numbers and octets beside them, in shared memory,
// there once for the process. The main thread writes a row (instance-writer.ts) and posts its number; then the row never
// changes. An instance that changes gets another row, and one that was replaced or has left is written over only when no
// thread can read it any more.
//   row      app · hash of app and label · label · profile · host · port and what is beside the label
//   app      its texts, found by a dense number: what threads keep of an app they find by it as well
//   label    its length and octets; for an instance that is more than its label, one address and one port also
//            its id, its hosts and its ports
//   profile  all of a registration but hosts and ports, as JSON: instances that agree share one. Read when it is needed and
//            kept as an object while others do not need its place
// Limits: a reader keeps `profilesKept` profiles as objects: of fleets with more, some are read again (some microseconds).

import { CompactInstance, type Neighbour, type Profile, type ServicePort } from '../../model/compact-instance.ts';
import type { Health } from '../../model/health.ts';
import { defaultLiveness } from '../../model/liveness.ts';
import type { AppKey } from '../../model/names.ts';
import type { Override, Status } from '../../model/status.ts';
import { BlockPages } from '../../runtime/packed/block-pages.ts';
import { SharedRows } from '../../runtime/packed/shared-rows.ts';
import { hashStart, mixed, textHash } from '../../runtime/text-hash.ts';

export const field = { app: 0, hash: 1, label: 2, profile: 3, host: 4, port: 5 } as const;
export const fieldCount = 6;
/** Of the port's number: above it there are these. */
export const portMask = 0xffff;
/** More than the label is beside it. */
export const moreBit = 1 << 16;
/** The host is an IPv4 address, and the one of all its ports. */
export const ipv4Bit = 1 << 17;
/** The host is a hash of the IPv6 address, which is the one of all its ports. */
export const ipv6Bit = 1 << 18;

/** What is beside the label begins with how many octets the whole has. */
export const sizeOctets = 2;
export const hostsKind = { inRow: 0, one: 1, each: 2 } as const;
export const portsKind = { inRow: 0, each: 1 } as const;

/**
 * What a profile begins with: how many rows have it, a number that no other one has had at its place, the octets of its
 * text; and what answers that need nothing else are written from: its TTL, with a bit for those that take traffic, and its
 * weight with its priority.
 */
export const profileWord = { uses: 0, serial: 1, length: 2, ttl: 3, rank: 4 } as const;
export const profileHeadOctets = 20;
export const upBit = 2 ** 31;
export const ttlMask = upBit - 1;

export function rankOf({ weight, priority }: Pick<Profile, 'weight' | 'priority'>): number {
  return ((weight << 16) | priority) >>> 0;
}

const profilesKept = 4096;

/** Pages for a thread that starts; later ones are posted. */
export interface TableMemory {
  readonly rows: readonly SharedArrayBuffer[];
  readonly apps: readonly SharedArrayBuffer[];
  readonly octets: readonly SharedArrayBuffer[];
  readonly profiles: readonly SharedArrayBuffer[];
}

export interface TablePage {
  readonly of: keyof TableMemory;
  readonly memory: SharedArrayBuffer;
}

/** A profile as its text has it. */
export interface ProfileText extends Omit<Profile, 'metadata' | 'health' | 'override' | 'liveness' | 'checks'> {
  readonly services: readonly ServicePort[];
  readonly wanted: Status;
  readonly metadata: readonly (readonly [string, string])[];
  readonly health: Pick<Health, 'verdict' | 'reason'> | null;
  readonly override: Override | null;
}

interface KnownProfile {
  readonly number: number;
  readonly serial: number;
  readonly profile: Profile;
}

type Names = CompactInstance['names'];
type Hosts = CompactInstance['hosts'];
type Ports = Neighbour['ports'];

export class InstanceRows {
  readonly #rows: SharedRows;
  readonly #apps: SharedRows;
  readonly #octets: BlockPages;
  readonly #profiles: BlockPages;
  /** Each at a place that its number chooses. */
  readonly #known: (KnownProfile | undefined)[] = [];

  constructor({ rows, apps, octets, profiles }: TableMemory) {
    this.#rows = new SharedRows(fieldCount, rows);
    this.#apps = new SharedRows(1, apps);
    this.#octets = new BlockPages(octets);
    this.#profiles = new BlockPages(profiles);
  }

  add({ of, memory }: TablePage): void {
    if (of === 'rows') this.#rows.add(memory);
    else if (of === 'apps') this.#apps.add(memory);
    else if (of === 'octets') this.#octets.add(memory);
    else this.#profiles.add(memory);
  }

  app(row: number): number {
    return this.#rows.get(row, field.app);
  }

  /** An app's texts, by its number. */
  place(app: number): AppKey {
    const number = this.#apps.get(app, 0);
    const page = this.#octets.page(number);
    const at = this.#octets.offset(number);
    const envEnd = at + 2 + (page[at] as number);
    return {
      env: page.toString('latin1', at + 2, envEnd),
      appid: page.toString('latin1', envEnd, envEnd + (page[at + 1] as number)),
    };
  }

  label(row: number): string {
    const number = this.#rows.get(row, field.label);
    const page = this.#octets.page(number);
    const at = this.#octets.offset(number);
    return page.toString('latin1', at + 1, at + 1 + (page[at] as number));
  }

  /** `labelHash` of its app and label. */
  hash(row: number): number {
    return this.#rows.get(row, field.hash);
  }

  /** Whether a row has this app and label. `hash`: of both. */
  is(row: number, app: number, label: string, hash: number): boolean {
    if (this.hash(row) !== hash || this.app(row) !== app) return false;
    const number = this.#rows.get(row, field.label);
    const page = this.#octets.page(number);
    const at = this.#octets.offset(number);
    if (page[at] !== label.length) return false;
    for (let index = 0; index < label.length; index++)
      if (page[at + 1 + index] !== label.charCodeAt(index)) return false;
    return true;
  }

  /** Whether two rows are of one instance, or of two lives of it. */
  isSame(row: number, other: number): boolean {
    if (this.hash(row) !== this.hash(other) || this.app(row) !== this.app(other)) return false;
    const [number, otherNumber] = [this.#rows.get(row, field.label), this.#rows.get(other, field.label)];
    const [page, otherPage] = [this.#octets.page(number), this.#octets.page(otherNumber)];
    const [at, otherAt] = [this.#octets.offset(number), this.#octets.offset(otherNumber)];
    const length = page[at] as number;
    for (let index = 0; index <= length; index++) if (page[at + index] !== otherPage[otherAt + index]) return false;
    return true;
  }

  /** Of a row with one host: the IPv4 address, or a hash of the text of an IPv6 one. */
  host(row: number): number {
    return this.#rows.get(row, field.host);
  }

  /** What `host` is; 0: the instance has several, or none with an address. */
  hostKind(row: number): number {
    return this.#rows.get(row, field.port) & (ipv4Bit | ipv6Bit);
  }

  /** Its TTL, and whether it takes traffic: see `profileWord`. */
  ttlWord(row: number): number {
    return this.#profiles.word(this.#rows.get(row, field.profile), profileWord.ttl);
  }

  /** Its weight and priority, as one number. */
  rank(row: number): number {
    return this.#profiles.word(this.#rows.get(row, field.profile), profileWord.rank);
  }

  /** Whether more than a label is to be read for an instance. */
  hasMore(row: number): boolean {
    return (this.#rows.get(row, field.port) & moreBit) !== 0;
  }

  /** A row as an immutable value. `place`: its app's. */
  instance(row: number, place: AppKey): CompactInstance {
    const port = this.#rows.get(row, field.port);
    const profile = this.#profile(this.#rows.get(row, field.profile));
    // With its sign again.
    const ipv4 = this.#rows.get(row, field.host) | 0;
    if ((port & moreBit) === 0)
      return new CompactInstance(place, { names: this.label(row), hosts: ipv4, ports: port & portMask, profile });
    const more = this.#more(row);
    return new CompactInstance(place, {
      names: more.names,
      hosts: more.hosts ?? ipv4,
      ports: more.ports ?? port & portMask,
      profile,
    });
  }

  #more(row: number): { readonly names: Names; readonly hosts: Hosts | undefined; readonly ports: Ports | undefined } {
    const number = this.#rows.get(row, field.label);
    const page = this.#octets.page(number);
    const label = this.label(row);
    let at = this.#octets.offset(number) + 1 + label.length + sizeOctets;
    const idEnd = at + 1 + (page[at] as number);
    const id = page.toString('utf8', at + 1, idEnd);
    const [kindOfHosts, kindOfPorts, count] = [page[idEnd], page[idEnd + 1], page[idEnd + 2]] as [
      number,
      number,
      number,
    ];
    at = idEnd + 3;
    const texts: string[] = [];
    for (let left = hostsIn(kindOfHosts, count); left > 0; left--) {
      const end = at + 1 + (page[at] as number);
      texts.push(page.toString('latin1', at + 1, end));
      at = end;
    }
    let ports: number[] | undefined;
    if (kindOfPorts === portsKind.each) {
      ports = [];
      for (let index = 0; index < count; index++) ports.push(page.readUInt16LE(at + 2 * index));
    }
    const hosts = kindOfHosts === hostsKind.one ? texts[0] : texts;
    return {
      names: id === '' ? label : [id, label],
      hosts: kindOfHosts === hostsKind.inRow ? undefined : hosts,
      ports,
    };
  }

  #profile(number: number): Profile {
    const serial = this.#profiles.word(number, profileWord.serial);
    const place = mixed(number) % profilesKept;
    const known = this.#known[place];
    if (known !== undefined && known.number === number && known.serial === serial) return known.profile;
    const from = this.#profiles.offset(number) + profileHeadOctets;
    const end = from + this.#profiles.word(number, profileWord.length);
    const profile = profileOf(this.#profiles.page(number).toString('utf8', from, end));
    while (this.#known.length <= place) this.#known.push(undefined);
    this.#known[place] = { number, serial, profile };
    return profile;
  }
}

function hostsIn(kind: number, count: number): number {
  if (kind === hostsKind.inRow) return 0;
  return kind === hostsKind.one ? 1 : count;
}

/** What an instance is found by. */
export function labelHash(app: number, label: string): number {
  return mixed(textHash(label, labelSeed(app)));
}

/** What it begins with. */
export function labelSeed(app: number): number {
  return mixed(app) ^ hashStart;
}

/** One for all instances that have none: a map of its own is some 200 octets. */
const noMetadata: ReadonlyMap<string, string> = new Map();
/** Asked by the main thread alone. */
const checks: Profile['checks'] = [];
const liveness = defaultLiveness({ checks });

function profileOf(text: string): Profile {
  const { metadata, health, override, ...rest } = JSON.parse(text) as ProfileText;
  return {
    ...rest,
    metadata: metadata.length === 0 ? noMetadata : new Map(metadata),
    health: health === null ? undefined : { ...health, file: undefined },
    override: override ?? undefined,
    liveness,
    checks,
  };
}
