// What to answer: (name, type, zones, now) -> Answer, a value. Pure; follows RFC 1034 §4.3.2 with CNAME chains inside
// our zones, DNAME synthesis (RFC 6672), wildcards (RFC 4592), referrals, and negative answers with their SOA
// (RFC 2308). Choosing records is done here, octets are encode.ts's.

import {
  type Answer,
  type AnswerSource,
  type Caching,
  type Caveat,
  Rcode,
  type Reason,
  type RRset,
  RRType,
  targetOf,
} from '../message/message.ts';
import { fold, isWithin, type Name, nameToText, parentOf, withSuffix } from '../message/name.ts';
import { type Lookup, lookUp, nodeAt } from '../zone/lookup.ts';
import type { Node, Zone } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';

/** Long enough for any chain that is meant, short enough that a chain built to hurt costs nothing. */
const chainMax = 16;
/** Targets whose addresses are added: more could not fit a UDP answer. */
const additionalTargetsMax = 100;
/** Addresses that are added, four for each of a hundred records: thousands take longer to write than the answer does. */
const additionalRecordsMax = 400;
const never = Number.POSITIVE_INFINITY;
/** Queried at an alias, these are about the alias itself: RRSIG and NSEC may exist beside it (RFC 4035 §2.5). */
const besideAlias: ReadonlySet<number> = new Set([RRType.CNAME, RRType.ANY, 46, 47]);

/** Decides one question. `qname` is folded. Never throws for any name or type; never waits. */
export function answerQuestion(qname: Name, qtype: number, zones: ZoneTable, nowMs: number): Answer {
  const zone = zoneFor(zones, qname, qtype);
  if (zone === undefined) return refused(zones, () => outsideReason(qname, zones));
  return new Chain(qname, qtype, zones, nowMs).answer(zone);
}

/** REFUSED, without data of any zone (RFC 1035 §4.1.1). */
function refused(zones: ZoneTable, reason: Reason): Answer {
  const lifetime = { caching: 'transient', validUntilMs: never, sources: [zones] } as const;
  return { ...empty, rcode: Rcode.REFUSED, authoritative: false, reason, lifetime };
}

/** Put into words for /resolve alone: on the wire REFUSED is without text. */
function outsideReason(name: Name, zones: ZoneTable): string {
  return `${nameToText(name)} is in none of our zones${zones.outsideHint?.(name) ?? ''}`;
}

const empty = {
  answer: [],
  authority: [],
  additional: [],
  glue: [],
} as const;

/** Most who ask for a name that is not there never hear why: without EDNS there is no place for it. */
function absenceFrom({ live }: Zone, name: Name, nowMs: number): Reason {
  return live === undefined ? 'the zone has no such name' : () => live.absence(name, nowMs);
}

/** After a delegation or a DNAME our data about a name is not the truth. */
function isCutOff(zone: Zone, name: Name, nowMs: number): boolean {
  if (!zone.hasCuts) return false;
  const { kind } = lookUp(zone, name, RRType.A, nowMs);
  return kind === 'delegation' || kind === 'dname';
}

/** The wildcard's node for a name that is not there itself. */
function wildcardFor(zone: Zone, name: Name, nowMs: number): Node | undefined {
  const found = zone.hasWildcards ? lookUp(zone, name, RRType.A, nowMs) : undefined;
  return found?.kind === 'node' ? found.node : undefined;
}

/** All addresses of a target or none: clients ask for those that they were not given. */
function withinMax(additional: readonly RRset[]): readonly RRset[] {
  let records = 0;
  for (const { owner, rdatas } of additional) {
    records += rdatas.length;
    if (records > additionalRecordsMax)
      return additional.slice(
        0,
        additional.findIndex((rrset) => rrset.owner === owner),
      );
  }
  return additional;
}

function zoneFor(zones: ZoneTable, name: Name, type: number): Zone | undefined {
  return type === RRType.DS ? zones.findForDs(name) : zones.find(name);
}

/** One question on its way along aliases. */
class Chain {
  readonly #qtype: number;
  readonly #zones: ZoneTable;
  readonly #nowMs: number;
  readonly #answer: RRset[] = [];
  readonly #sources: AnswerSource[];
  readonly #seen: Name[] = [];
  #name: Name;
  #validUntilMs = never;
  #caching: Caching = 'keep';
  #caveat: Caveat | undefined;

  constructor(qname: Name, qtype: number, zones: ZoneTable, nowMs: number) {
    this.#name = qname;
    this.#qtype = qtype;
    this.#zones = zones;
    this.#nowMs = nowMs;
    this.#sources = [zones];
  }

  answer(first: Zone): Answer {
    for (let zone: Zone | undefined = first; zone !== undefined; zone = zoneFor(this.#zones, this.#name, this.#qtype)) {
      if (zone.isBroken === true) return this.#broken(zone);
      const found = lookUp(zone, this.#name, this.#qtype, this.#nowMs);
      const done = this.#step(zone, found);
      if (done !== undefined) return done;
      if (this.#seen.includes(this.#name)) return this.#done(Rcode.NOERROR, 'the aliases form a loop');
      // With what was collected, as BIND answers it: the chain is there to be seen.
      if (this.#seen.length > chainMax) return this.#done(Rcode.SERVFAIL, `a chain of more than ${chainMax} aliases`);
    }
    return this.#done(Rcode.NOERROR, `the alias ${nameToText(this.#name)} is outside our zones`);
  }

  /** The finished answer, or undefined after an alias was followed. */
  #step(zone: Zone, found: Lookup): Answer | undefined {
    switch (found.kind) {
      case 'nothing':
        this.#caching = 'transient';
        if (zone.live !== undefined) this.#sources.push(zone.live);
        if (this.#zones.leadsToZone(this.#name))
          return this.#negative(zone, Rcode.NOERROR, 'the name leads to a zone of ours');
        return this.#negative(zone, Rcode.NXDOMAIN, absenceFrom(zone, this.#name, this.#nowMs));
      case 'delegation':
        this.#noteHidden(zone, 'a delegation');
        return this.#referral(zone, found.ns);
      case 'dname':
        this.#noteHidden(zone, 'a redirection (DNAME)');
        return this.#followDname(found.dname);
      case 'node':
        // A wildcard matches names without end: they must not push others out of a cache.
        if (found.isWildcard || found.node.isUnbounded === true) this.#caching = 'none';
        return this.#node(zone, found.node, found.isWildcard);
      default:
        return found satisfies never;
    }
  }

  /** The registry has the name as well, and is not asked for it. */
  #noteHidden(zone: Zone, what: string): void {
    const source = zone.live?.node(this.#name, this.#nowMs)?.source;
    if (source === undefined || source === zone.live) return;
    this.#sources.push(source);
    const reason = `a zone file has ${what} at or above this name: the registered instances of this name are hidden`;
    this.#caveat = { kind: 'hidden', reason };
  }

  #node(zone: Zone, node: Node, isWildcard: boolean): Answer | undefined {
    this.#dependOn(zone, node);
    const { rrset: alias, caveat } = node.rrset(RRType.CNAME);
    if (alias !== undefined && !besideAlias.has(this.#qtype)) {
      this.#caveat = caveat;
      this.#answer.push(isWildcard ? { ...alias, owner: this.#name } : alias);
      return this.#follow(fold(targetOf(alias.rdatas[0] ?? []) as Name));
    }
    // RFC 8482 §4.1: of what ANY asks for, one RRset is enough.
    const type = this.#qtype === RRType.ANY ? (node.types()[0] ?? RRType.ANY) : this.#qtype;
    const data = node.rrset(type);
    if (data.rrset === undefined) {
      // Beside the file's records there may be others with any registration.
      if (zone.live !== undefined && node.source === undefined) this.#sources.push(zone.live);
      return this.#negative(zone, Rcode.NOERROR, data.reason);
    }
    this.#validUntilMs = Math.min(this.#validUntilMs, data.validUntilMs);
    if (this.#caveat === undefined || data.caveat !== undefined) this.#caveat = data.caveat;
    // A choice without turns would be the same choice for as long as it is kept.
    if (data.caveat?.kind === 'partial' && data.rrset.rotation === undefined) this.#caching = 'none';
    const isLiveSoa = type === RRType.SOA && zone.live !== undefined;
    const rrset = isLiveSoa ? zone.live.withSerial(data.rrset) : data.rrset;
    if (isLiveSoa) this.#sources.push(zone.live);
    this.#answer.push(isWildcard ? { ...rrset, owner: this.#name } : rrset);
    const additional = withinMax(this.#additionalOf(zone, rrset, data.additional));
    return this.#done(Rcode.NOERROR, data.reason ?? 'the name has records of this type', { additional });
  }

  /** `known`: what live data holds at its own names; a file may have other records at them, and other targets are looked up. */
  #additionalOf(zone: Zone, rrset: RRset, known: readonly RRset[] | undefined): readonly RRset[] {
    if (known === undefined) return this.#addressesOf(zone, rrset);
    if (rrset.type !== RRType.SRV && rrset.type !== RRType.HTTPS && rrset.type !== RRType.SVCB) return known;
    const owners = new Set(known.map(({ owner }) => owner));
    const others = rrset.rdatas.filter((rdata) => !owners.has(targetOf(rdata) as Name));
    const found = others.length === 0 ? [] : this.#addressesOf(zone, { ...rrset, type: RRType.SRV, rdatas: others });
    return [...this.#withFile(zone, known), ...found];
  }

  /** The file's records in place of live ones of the same name and type. */
  #withFile(zone: Zone, known: readonly RRset[]): readonly RRset[] {
    // Where a file has names below another, it has that one, too: most targets share one.
    let parent: Name | undefined;
    let isInFile = false;
    return known.map((rrset) => {
      const above = parentOf(rrset.owner);
      if (above !== parent) isInFile = zone.records.has(above);
      parent = above;
      const own = isInFile ? zone.records.get(rrset.owner)?.rrset(rrset.type).rrset : undefined;
      return own ?? rrset;
    });
  }

  #followDname(dname: RRset): Answer | undefined {
    const target = fold(targetOf(dname.rdatas[0] ?? []) as Name);
    const name = withSuffix(this.#name, dname.owner, target);
    this.#caching = 'none';
    // One that applies to its own target is met again and again, and belongs there once (RFC 2181 §5.5).
    const isThere = this.#answer.some(({ owner, type }) => type === RRType.DNAME && owner === dname.owner);
    if (!isThere) this.#answer.push(dname);
    // RFC 6672 §2.2: the substitution made a name that cannot be.
    if (name === undefined) return this.#done(Rcode.YXDOMAIN, 'the name below the DNAME target is too long');
    this.#answer.push({ owner: this.#name, type: RRType.CNAME, ttl: dname.ttl, rdatas: [[name]] });
    // Who asks for the alias has it now, as with one that is not made up (RFC 1034 §4.3.2 step 3a).
    const isAsked = this.#qtype === RRType.CNAME || this.#qtype === RRType.ANY;
    if (isAsked) return this.#done(Rcode.NOERROR, 'a DNAME above the name makes it an alias');
    return this.#follow(name);
  }

  #follow(target: Name): undefined {
    this.#seen.push(this.#name);
    this.#name = target;
  }

  #negative(zone: Zone, rcode: number, reason: Reason): Answer {
    const { live } = zone;
    if (live === undefined) return this.#done(rcode, reason, { authority: [zone.negativeSoa] });
    return this.#done(rcode, reason, { authority: [live.withSerial(zone.negativeSoa)], serial: live });
  }

  /** As BIND and Knot answer for a zone that they could not load. */
  #broken(zone: Zone): Answer {
    this.#caching = 'transient';
    this.#caveat = { kind: 'invalid' };
    return {
      ...this.#done(Rcode.SERVFAIL, `the file of the zone ${nameToText(zone.apex)} cannot be loaded`),
      authoritative: false,
    };
  }

  /** RFC 1034 §4.3.2 step 3b: AA belongs to the first name's answer, so an alias before it keeps AA. */
  #referral(zone: Zone, ns: RRset): Answer {
    const glue: RRset[] = [];
    const siblings: RRset[] = [];
    for (const rdata of ns.rdatas) {
      const target = fold(targetOf(rdata) as Name);
      if (!isWithin(target, zone.apex)) continue;
      (isWithin(target, ns.owner) ? glue : siblings).push(...this.#addresses(zone, target));
    }
    const authoritative = this.#answer.length > 0;
    const reason = `${nameToText(ns.owner)} is delegated to other servers`;
    return { ...this.#done(Rcode.NOERROR, reason, { authority: [ns], glue, additional: siblings }), authoritative };
  }

  /** Addresses in its own zone of the hosts that an RRset names (RFC 1035 §3.3, RFC 2782). */
  #addressesOf(zone: Zone, rrset: RRset): RRset[] {
    if (rrset.type !== RRType.MX && rrset.type !== RRType.SRV && rrset.type !== RRType.NS) return [];
    const targets = new Set(rrset.rdatas.slice(0, additionalTargetsMax).map((rdata) => fold(targetOf(rdata) as Name)));
    const found: RRset[] = [];
    for (const target of targets) {
      // Data of another zone, even one of ours, is for the servers that it is delegated to (RFC 2181 §5.4.1).
      if (this.#zones.find(target) !== zone || isCutOff(zone, target, this.#nowMs)) continue;
      found.push(...this.#addresses(zone, target));
    }
    return found;
  }

  #addresses(zone: Zone, name: Name): RRset[] {
    const own = nodeAt(zone, name, this.#nowMs);
    this.#dependOn(zone, own);
    const node = own ?? wildcardFor(zone, name, this.#nowMs);
    const found: RRset[] = [];
    for (const type of node === undefined ? [] : [RRType.A, RRType.AAAA]) {
      const data = (node as Node).rrset(type);
      if (data.rrset === undefined) continue;
      this.#validUntilMs = Math.min(this.#validUntilMs, data.validUntilMs);
      found.push(own === undefined ? { ...data.rrset, owner: name } : data.rrset);
    }
    return found;
  }

  /** Live data has a revision of its own; a name without data may get some with any registration. */
  #dependOn(zone: Zone, node: Node | undefined): void {
    if (node?.source !== undefined) this.#sources.push(node.source);
    else if (zone.live !== undefined && (node === undefined || node.types().length === 0))
      this.#sources.push(zone.live);
  }

  #done(
    rcode: number,
    reason: Reason,
    {
      authority,
      additional,
      glue,
      serial,
    }: Partial<Pick<Answer, 'authority' | 'additional' | 'glue' | 'serial'>> = empty,
  ): Answer {
    // Each by name: spreading costs more than all else that is done here.
    return {
      rcode,
      authoritative: true,
      answer: this.#answer,
      authority: authority ?? empty.authority,
      additional: additional ?? empty.additional,
      glue: glue ?? empty.glue,
      reason,
      caveat: this.#caveat,
      lifetime: { caching: this.#cachingOf(rcode), validUntilMs: this.#validUntilMs, sources: this.#sources },
      serial,
    };
  }

  /** What is right for this moment alone (an explanation) would only evict others. */
  #cachingOf(rcode: number): Caching {
    if (this.#validUntilMs < this.#nowMs) return 'none';
    return this.#caching === 'keep' && rcode !== Rcode.NOERROR ? 'none' : this.#caching;
  }
}
