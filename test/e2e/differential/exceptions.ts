// Where rollcall answers as none of the others does, and why that is right. Everything else is a fault.

import type { Sections } from './reading.ts';

export const asNone = 'answers as none of them';
export const cutAlone = 'is cut, and none of theirs is';

interface Exception {
  readonly fault: string;
  readonly reason: string;
  applies(ours: Sections): boolean;
}

/** More is no alias but an attack; see src/dns/answer.ts. */
const aliasesMax = 17;
const servfail = 2;

const exceptions: readonly Exception[] = [
  {
    fault: asNone,
    reason:
      'a chain has to end somewhere: with SERVFAIL after 17 aliases here, after 12 in BIND; Knot stops after 5 as if the ' +
      'rest were elsewhere, NSD never',
    applies: ({ rcode, answer }) => rcode === servfail && answer.filter(isAlias).length === aliasesMax,
  },
  {
    fault: cutAlone,
    reason:
      'RFC 9471 §3: a referral without all of its glue is cut, as Knot has it; BIND and NSD leave glue out in silence',
    applies: ({ rcode, aa, answer, authority }) =>
      rcode === 0 && !aa && answer.length === 0 && authority.some(isDelegation),
  },
];

/** The reason for which a reply may differ as `fault` describes. */
export function exceptionFor(fault: string, ours: Sections): string | undefined {
  return exceptions.find((exception) => exception.fault === fault && exception.applies(ours))?.reason;
}

function isAlias({ head }: { readonly head: string }): boolean {
  return head.endsWith(' TYPE5');
}

function isDelegation({ head }: { readonly head: string }): boolean {
  return head.endsWith(' TYPE2');
}

/** Names of oddities that rollcall takes as none of the others does. */
const oddityExceptions: readonly { readonly names: RegExp; readonly reason: string }[] = [
  {
    names: /^opcode [45](, OPT|, SOA of the zone)?$/,
    reason:
      'NOTIFY and UPDATE are refused whatever is in them: our zones have no other primary, and are not changed by DNS',
  },
  {
    names: /^class CH, version.bind$/,
    reason: 'REFUSED (RFC 4892 leaves it to the operator): the version is answered where it is configured',
  },
  { names: /^class 255$/, reason: 'REFUSED: data of one class is no answer for all; the others differ each from each' },
];

/** The reason for which rollcall may take an oddity as none of the others does. */
export function oddityException(name: string): string | undefined {
  return oddityExceptions.find(({ names }) => names.test(name))?.reason;
}
