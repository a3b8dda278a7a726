// What DNS would answer, in words: the decision of answer.ts for a name and a type given as text, its records in
// presentation format, and the reason. Same decision, no cache, no octets: what it shows is what a TCP client gets.

import type { Explained } from '../../model/explanation.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { type Answer, Rcode, type RRset, RRType, rcodeName, reasonText } from '../message/message.ts';
import { fold, type Name, nameToText, parseName, ROOT } from '../message/name.ts';
import { isMetaType, typeName, typeNumber } from '../message/type-names.ts';
import { isReverse } from '../services/reverse/reverse-name.ts';
import { lookUp } from '../zone/lookup.ts';
import type { Node } from '../zone/zone.ts';
import type { ZoneTable } from '../zone/zone-table.ts';
import { rdataToText } from '../zone-file/rdata.ts';
import { answerQuestion } from './answer.ts';

/** Explains one question. `name` is absolute, with or without its final dot; octets beyond ASCII are UTF-8. */
export function explain(name: string, type: string, zones: ZoneTable, nowMs: number): Explained {
  const qname = parseName(Buffer.from(name, 'utf8').toString('latin1'), ROOT);
  const qtype = typeNumber(type);
  const problems: Problem[] = [];
  if (typeof qname !== 'string') problems.push(problem('name', `is not a domain name: ${qname.fault}`, name));
  if (qtype === undefined || (isMetaType(qtype) && qtype !== RRType.ANY))
    problems.push(problem('type', 'is not a type of records', type));
  if (typeof qname !== 'string' || qtype === undefined || problems.length > 0) return { problems };

  const answer = answerQuestion(fold(qname), qtype, zones, nowMs);
  const deciding = answer.answer.length > 0 ? answer.answer : answer.authority;
  const ttl = Math.min(...deciding.map((rrset) => rrset.ttl));
  return {
    name: nameToText(qname),
    type: typeName(qtype),
    rcode: rcodeName(answer.rcode),
    flags: answer.authoritative ? ['qr', 'aa'] : ['qr'],
    answer: answer.answer.flatMap(lines),
    authority: answer.authority.flatMap(lines),
    additional: [...answer.glue, ...answer.additional].flatMap(lines),
    reason: reasonOf(answer),
    ...(Number.isFinite(ttl) ? { ttl } : {}),
  };
}

/** The types that people ask of a name. */
const usualTypes: readonly number[] = [RRType.A, RRType.AAAA, RRType.SRV, RRType.TXT];

/**
 * Why the answers at a folded name are what they are: a line for each reason, with the types that it goes for. Of PTR
 * it speaks where there is one: at addresses and at names for browsing.
 */
export function why(name: Name, zones: ZoneTable, nowMs: number): string[] {
  const typesOfReason = new Map<string, string[]>();
  const note = (text: string, type: number) =>
    typesOfReason.set(text, [...(typesOfReason.get(text) ?? []), typeName(type)]);
  const node = onlyNodeAt(name, zones, nowMs);
  for (const type of isReverse(name) ? [RRType.PTR] : [...usualTypes, RRType.PTR]) {
    const known = node?.note?.(type);
    if (known !== undefined) {
      note(known.isThere ? known.reason : `nothing, ${known.reason}`, type);
      continue;
    }
    const decided = answerQuestion(name, type, zones, nowMs);
    const { rcode, answer } = decided;
    if (rcode !== Rcode.NOERROR) return [`${rcodeName(rcode)}: ${reasonOf(decided)}`];
    const isThere = answer.some((rrset) => rrset.type === type);
    if (!isThere && type === RRType.PTR && !isReverse(name)) continue;
    note(`${isThere ? '' : 'nothing, '}${reasonOf(decided)}`, type);
  }
  return [...typesOfReason].map(([text, types]) => `${types.join(' ')}: ${text}`);
}

/** The node that answers alone at a name of a live zone; undefined: there may be more to it. */
function onlyNodeAt(name: Name, zones: ZoneTable, nowMs: number): Node | undefined {
  const zone = zones.find(name);
  if (zone === undefined || zone.isBroken === true) return undefined;
  const found = lookUp(zone, name, RRType.A, nowMs);
  return found.kind === 'node' && !found.isWildcard ? found.node : undefined;
}

/** With what a zone file hides: at the end of an alias the reason is that of its target. */
function reasonOf({ reason, caveat }: Answer): string {
  const text = reasonText(reason);
  return caveat?.kind === 'hidden' && caveat.reason !== text ? `${text}; ${caveat.reason}` : text;
}

function lines({ owner, type, ttl, rdatas }: RRset): string[] {
  return rdatas.map((rdata) => `${nameToText(owner)} ${ttl} IN ${typeName(type)} ${rdataToText(type, rdata)}`);
}
