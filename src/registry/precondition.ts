// `If-Match` and `If-None-Match` of a command against the record there is (RFC 9110 §13.2.2). Tags are revisions, which
// a renewal does not move.

import type { Precondition, Tag } from '../model/command.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import type { PreconditionFailed } from '../model/outcome.ts';

/** Undefined: every precondition holds. */
export function failedPrecondition(
  precondition: Precondition | undefined,
  stored: InstanceRecord | undefined,
): PreconditionFailed | undefined {
  if (precondition === undefined) return undefined;
  const { ifMatch, ifNoneMatch } = precondition;
  const isMatched = ifMatch === undefined || isOneOf(ifMatch, stored);
  const isExcluded = ifNoneMatch !== undefined && isOneOf(ifNoneMatch, stored);
  return isMatched && !isExcluded ? undefined : { kind: 'precondition-failed', stored };
}

function isOneOf(tags: readonly Tag[] | '*', stored: InstanceRecord | undefined): boolean {
  if (stored === undefined) return false;
  return tags === '*' || tags.includes(stored.revision);
}
