// What a mirror prints: the report of what differs, for people and as a document, and one line for each thing that happens.

import type { Compared, FieldDifference } from '../../bridges/difference.ts';
import type { FollowerEvent, Report } from '../../bridges/follower.ts';
import type { InstanceKey } from '../../model/names.ts';
import { durationText } from '../duration.ts';
import { pathText } from '../instance-path.ts';
import { printable } from '../terminal/printable.ts';

/** For programs. */
export function reportDocument({ difference, unmapped }: Report): object {
  const { missing, outdated, extra, direct, equal, onlyHere } = difference;
  const comparedOf = ({ wanted, present, fields }: Compared): object => ({
    instance: pathText(wanted.key),
    here: pathText(present.key),
    differs: fields,
  });
  return {
    missing: missing.map(({ key, json }) => ({ instance: pathText(key), registration: json })),
    outdated: outdated.map(comparedOf),
    extra: extra.map(({ present, why }) => ({ instance: pathText(present.key), why })),
    direct: direct.map(comparedOf),
    unmapped,
    equal,
    onlyHere,
  };
}

/** For people: what differs, a line each, and the sum. */
export function reportText({ difference, unmapped }: Report): string {
  const { missing, outdated, extra, direct, equal, onlyHere } = difference;
  const lines = [
    ...missing.map(({ key }) => `missing here   ${name(key)}`),
    ...outdated.map(({ wanted, fields }) => `differs        ${name(wanted.key)}: ${fields.map(fieldText).join(', ')}`),
    ...extra.map(({ present, why }) => `extra here     ${name(present.key)}: ${extraTexts[why]}`),
    ...direct.map(directText),
    ...unmapped.map((one) => `cannot be here ${printable(one.name)}: ${printable(one.why)}`),
  ];
  const sum =
    `${equal} equal, ${missing.length} missing, ${outdated.length} differ, ${extra.length} extra, ` +
    `${direct.length} registered here by their clients, ${onlyHere} only here, ${unmapped.length} cannot be here`;
  return [...lines, sum].map((line) => `${line}\n`).join('');
}

const extraTexts = { gone: 'it is there no more', moved: 'its client is registered here', leaving: 'the mirror ends' };

function directText({ wanted, present, fields }: Compared): string {
  const { key, mark } = present;
  const as = pathText(key) === pathText(wanted.key) ? '' : ` as ${name(key)}`;
  const by = mark === undefined ? 'registered here by its client' : `mirrored from ${printable(mark)}`;
  const differs = fields.length === 0 ? '' : `; differs: ${fields.map(fieldText).join(', ')}`;
  return `left alone     ${name(wanted.key)}: ${by}${as}${differs}`;
}

function fieldText({ field, there, here }: FieldDifference): string {
  if (field === 'metadata' || field.startsWith('fronts.')) return field;
  return printable(`${field} ${JSON.stringify(there)}, here ${JSON.stringify(here) ?? 'nothing'}`);
}

function name(key: InstanceKey): string {
  return printable(pathText(key));
}

/** `source`: how messages call the other registry. Undefined: it is printed otherwise. */
export function eventText(event: FollowerEvent, source: string): string | undefined {
  switch (event.kind) {
    case 'compared':
      return undefined;
    case 'registered':
      return `registered ${name(event.wanted.key)}`;
    case 'updated':
      return `updated ${name(event.wanted.key)}: ${event.fields.join(', ')}`;
    case 'refused':
      return `rollcall refuses ${name(event.wanted.key)}: ${printable(event.why)}`;
    case 'cancelled':
      return `cancelled ${name(event.present.key)}: ${extraTexts[event.why]}`;
    case 'source-lost':
      return `${source} cannot be read, what it had stays: ${printable(event.why)}`;
    case 'source-found':
      return `${source} answers again`;
    case 'target-lost':
      return `rollcall does not answer, trying again: ${printable(event.why)}`;
    case 'target-found':
      return 'rollcall answers again';
    case 'doubted':
      return `${source} has ${event.gone} of ${event.owned} instances no more at once; they stay for ${durationText(event.forMs)} unless it has them again`;
  }
}
