// The rule: where BIND, NSD and Knot agree, rollcall agrees; where they differ, it does as one of them. Compared are
// rcode, AA and the records of each section. An answer cut to fit (TC) is compared with rollcall's own whole one, since
// servers cut at different places: it must be a part of it.

import { asNone, cutAlone, exceptionFor } from './exceptions.ts';
import { type Mode, type Question, shownName } from './questions.ts';
import type { Group, Sections } from './reading.ts';
import { zoneLines } from './zones.ts';

const optOctets = 11;
/** A pointer, type, class, TTL and length. */
const recordHeadOctets = 2 + 10;
/** Characters of a reply in a message. */
const shownMax = 300;
const ownNs = Object.keys(zoneLines).map((apex) => new RegExp(`^${apex.replaceAll('.', '\\.')} [0-9]+ TYPE2$`));

/** What is wrong with one reply of rollcall. `whole`: the same question's reply over TCP; `theirs`: of the others. */
export function faultsOf(
  question: Question,
  mode: Mode,
  ours: Sections,
  whole: Sections,
  theirs: readonly Sections[],
): string[] {
  const found = [
    ...ofSize(mode, ours),
    ...(ours.tc ? ofCut(mode, ours, whole, theirs) : ofWhole(mode, ours, whole, theirs)),
  ];
  const left = found.filter((fault) => exceptionFor(fault, ours) === undefined);
  if (left.length === 0) return [];
  const lines = [ours, ...theirs].map((reply) => `${reply.octets} octets: ${decisionOf(reply)}`.slice(0, shownMax));
  return [
    `${mode.name} ${shownName(question.labels)} TYPE${question.type}: ${[left.join('; '), ...lines].join('\n    ')}`,
  ];
}

function ofSize(mode: Mode, ours: Sections): string[] {
  const found: string[] = [];
  if (ours.octets > mode.limit) found.push(`${ours.octets} octets, ${mode.limit} are allowed`);
  if (ours.hasOpt !== (mode.edns !== undefined)) found.push(`has ${ours.hasOpt ? 'an' : 'no'} OPT record`);
  return found;
}

function ofWhole(mode: Mode, ours: Sections, whole: Sections, theirs: readonly Sections[]): string[] {
  const found: string[] = [];
  const decision = decisionOf(ours);
  const others = theirs.filter(({ tc }) => !tc);
  if (decision !== decisionOf(whole)) found.push('differs from the reply over TCP');
  // Where all others had no room, the reply over TCP has been compared.
  if (others.length > 0 && !others.some((other) => decisionOf(other) === decision)) found.push(asNone);
  const isReduced = mode.transport === 'udp' && whole.octets + optOctets > mode.limit;
  if (isReduced ? !isPart(ours.additional, whole.additional, 'of whole RRsets') : !hasAdditionalOf(ours, theirs)) {
    found.push(`adds what none of them adds: ${shown(ours.additional)}`);
  }
  return found;
}

function hasAdditionalOf(ours: Sections, theirs: readonly Sections[]): boolean {
  const additional = shown(ours.additional);
  return theirs.some((other) => shown(other.additional) === additional);
}

/** RFC 2181 §9, and design §5: TC means that something is missing, and what fits is there. */
function ofCut(mode: Mode, ours: Sections, whole: Sections, theirs: readonly Sections[]): string[] {
  const found: string[] = [];
  if (whole.tc) found.push('is cut over TCP');
  if (!theirs.some(({ tc }) => tc)) found.push(cutAlone);
  if (ours.rcode !== whole.rcode || ours.aa !== whole.aa) found.push('differs from the reply over TCP');
  if (
    ours.answer.length + ours.authority.length === 0 &&
    whole.answer[0]?.records.some((record) => fits(record, ours, mode))
  ) {
    found.push('is cut to nothing');
  }
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (!isPart(ours[section], whole[section])) found.push(`${section} is no part of the reply over TCP`);
  }
  return found;
}

/** Whether one record, as hexadecimal, has room in an empty reply: its owner is a pointer to the question. */
function fits(record: string, { octets }: Sections, { limit }: Mode): boolean {
  return octets + recordHeadOctets + record.length / 2 <= limit;
}

/** rcode, AA, ANSWER and AUTHORITY: what a reply means. */
function decisionOf({ rcode, aa, answer, authority }: Sections): string {
  return `${rcode}${aa ? ' AA' : ''} | ${shown(answer)} | ${shown(authority)}`;
}

function shown(groups: readonly Group[]): string {
  return groups.map(({ head, records }) => `${head} ${records.join(', ')}`).join('; ');
}

function isPart(part: readonly Group[], whole: readonly Group[], ofWholeRRsets?: 'of whole RRsets'): boolean {
  return part.every(({ head, records }) => {
    const all = whole.find((group) => group.head === head)?.records ?? [];
    if (ofWholeRRsets !== undefined && all.length !== records.length) return false;
    return records.every((record) => all.includes(record)) && new Set(records).size === records.length;
  });
}

/**
 * A reply of another server without what is no part of the question: NSD adds the NS of the zone to positive answers,
 * NSD and Knot give a record of a loop twice.
 */
export function plain(theirs: Sections): Sections {
  const { answer, authority } = theirs;
  return {
    ...theirs,
    answer: answer.map(({ head, records }) => ({ head, records: [...new Set(records)] })),
    authority: answer.length === 0 ? authority : authority.filter(({ head }) => !ownNs.some((ns) => ns.test(head))),
  };
}
