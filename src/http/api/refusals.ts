// The table from what control refuses to problem documents: one entry for each way in which a command can fail that is
// not of one call alone.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Life } from '../../model/life.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { NotYours, PreconditionFailed, UnknownInstance } from '../../model/outcome.ts';
import { forbiddenText, type Refused } from '../../model/submit.ts';
import { instanceName, instancePath } from '../documents/instance-document.ts';
import { type Failure, sendProblem } from '../server/problem-details.ts';
import { notReady } from '../server/unavailable.ts';
import { revisionTag } from './entity-tag.ts';

type Common = Refused | UnknownInstance | NotYours | PreconditionFailed;

const refused = [
  'forbidden',
  'quota',
  'not-ready',
  'store-failing',
  'no-quorum',
  'not-durable',
  'unknown',
  'not-yours',
  'precondition-failed',
];

/** Whether an outcome is one of those that `sendRefusal` answers for. */
export function isRefusal<Outcome extends { readonly kind: string }>(
  outcome: Outcome,
): outcome is Extract<Outcome, Common> {
  return refused.includes(outcome.kind);
}

/** Answers for a command about one instance; `verb` as in `Cannot patch prod/pay/a1`. */
export function sendRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  life: Life,
  verb: string,
  key: InstanceKey,
  outcome: Common,
): FastifyReply {
  return sendProblem(reply, failureOf(request, life, `Cannot ${verb} ${instanceName(key)}`, verb, key, outcome));
}

function failureOf(
  request: FastifyRequest,
  life: Life,
  what: string,
  verb: string,
  key: InstanceKey,
  outcome: Common,
): Failure {
  switch (outcome.kind) {
    case 'unknown':
      return unknownInstance(key, verb);
    case 'precondition-failed':
      return failedPrecondition(request, life, what, outcome);
    case 'not-yours':
      return { kind: 'forbidden', detail: `${what}: ${outcome.problem.field} ${outcome.problem.message}.` };
    default:
      return refusalOf(what, outcome);
  }
}

const headers = { 'retry-after': '2' };

/** For any command: `what` begins the detail. */
export function refusalOf(what: string, outcome: Refused): Failure {
  switch (outcome.kind) {
    case 'forbidden':
      return { kind: 'forbidden', detail: `${what}: ${forbiddenText(outcome)}.`, members: { right: outcome.right } };
    case 'quota': {
      const { entry, instancesMax } = outcome;
      const detail = `${what}: ${entry} has ${instancesMax} instances registered, which is its instancesMax. Nothing was changed.`;
      return { kind: 'quota', detail, members: { entry, instancesMax }, headers: { 'retry-after': '30' } };
    }
    case 'not-ready':
      return notReady;
    case 'store-failing': {
      const detail = `Cannot change anything at present: changes cannot be written to the disk (${outcome.reason}). Nothing was changed; renewals and reads go on.`;
      return { kind: 'store-failing', detail, headers };
    }
    case 'no-quorum': {
      const { reason, isUnknown } = outcome;
      const effect = isUnknown
        ? 'It may take effect all the same; it is safe to send it again.'
        : 'Nothing was changed.';
      const detail = `${what}: the cluster cannot confirm it at present (${reason}). ${effect} Renewals, reads and DNS go on.`;
      return { kind: 'no-quorum', detail, headers, ...(isUnknown ? { members: { outcome: 'unknown' } } : {}) };
    }
    default: {
      const detail =
        'The change took effect, but could not be written to the disk yet: a restart before it can be would lose it. Send it again to be sure.';
      return { kind: 'not-durable', detail, headers };
    }
  }
}

/** 404: what is missing, and the call that brings it back. */
export function unknownInstance(key: InstanceKey, verb: string): Failure {
  const path = instancePath(key);
  const detail = `Cannot ${verb} ${instanceName(key)}: it is not registered, or its lease has ended.`;
  if (verb === 'cancel' || verb === 'drain' || verb === 'bring up') return { kind: 'unknown-instance', detail };
  const registerWith = { method: 'PUT', path };
  return {
    kind: 'unknown-instance',
    detail: `${detail} Register it again with PUT ${path}.`,
    members: { registerWith },
  };
}

/** 412 for an `If-Match` or `If-None-Match` that does not hold. */
function failedPrecondition(
  { headers: { 'if-match': match } }: FastifyRequest,
  life: Life,
  what: string,
  { stored }: PreconditionFailed,
): Failure {
  const header = match === undefined ? 'If-None-Match' : 'If-Match';
  const state = stored === undefined ? 'it is not registered' : `its ETag is ${revisionTag(life, stored.revision)}`;
  const members = stored === undefined ? {} : { revision: stored.revision };
  return { kind: 'precondition-failed', detail: `${what}: ${header} does not hold, ${state}.`, members };
}
