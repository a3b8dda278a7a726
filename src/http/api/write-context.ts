// What the calls that write have in common: what they are given, how they read the place of an instance from the
// path, and how they answer for one that is not there.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DecisionLog } from '../../control/decision-log.ts';
import type { Actor } from '../../model/change.ts';
import type { RegistrationDefaults } from '../../model/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type Failure, invalidRequest, sendProblem } from '../server/problem-details.ts';
import { instanceName, instancePath } from './instance-document.ts';

export interface WriteContext {
  /** Where clients reach the server, without a slash at its end; empty: where they have asked. */
  readonly publicUrl: string;
  readonly registry: Registry;
  readonly clock: Clock;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly defaults: RegistrationDefaults;
  readonly log: DecisionLog;
  /** Settles once all changes so far have been written down; a write waits for it before it answers. */
  readonly durable: () => Promise<void>;
  /** Why changes cannot be written down at present; undefined: they can. */
  readonly storeTrouble: () => string | undefined;
  /** Callers have to show a token. */
  readonly hasTokens: boolean;
}

export interface InstanceParams {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
}

/** Who asks and why, for the record. */
export function actorOf(request: FastifyRequest, reason?: string): Actor {
  const { ip: address, tokenName } = request;
  const shown = tokenName === '' ? { kind: 'anonymous' as const } : { kind: 'token' as const, principal: tokenName };
  return { ...shown, front: 'api', address, reason };
}

/** Answers once the change has been written down, or says that it could not be. */
export function whenDurable(context: WriteContext, reply: FastifyReply, send: () => void): FastifyReply {
  context.durable().then(send, (error: unknown) => {
    context.log.notDurable(error);
    const detail =
      'The change took effect, but could not be written to the disk yet: a restart before it can be would lose it. Send it again to be sure.';
    sendProblem(reply, { kind: 'not-durable', detail, headers: { 'retry-after': '2' } });
  });
  return reply;
}

/** The instance that the path names; undefined where it was refused with a 400. */
export function instanceKeyOf(params: InstanceParams, verb: string, reply: FastifyReply): InstanceKey | undefined {
  const key = parseInstanceKey(params.env, params.appid, params.instance);
  if (!Array.isArray(key)) return key;
  sendProblem(reply, invalidRequest(`Cannot ${verb} an instance`, key));
  return undefined;
}

/** 404: what is missing, and the call that brings it back. */
export function unknownInstance(key: InstanceKey, verb: string): Failure {
  const path = instancePath(key);
  const detail = `Cannot ${verb} ${instanceName(key)}: it is not registered, or its lease has ended.`;
  if (verb === 'cancel' || verb === 'drain') return { kind: 'unknown-instance', detail };
  const registerWith = { method: 'PUT', path };
  return {
    kind: 'unknown-instance',
    detail: `${detail} Register it again with PUT ${path}.`,
    members: { registerWith },
  };
}

/** 412 for an `If-Match` or `If-None-Match` that does not hold. */
export function failedPrecondition(
  key: InstanceKey,
  verb: string,
  request: FastifyRequest,
  revision: number | undefined,
): Failure {
  const header = request.headers['if-match'] === undefined ? 'If-None-Match' : 'If-Match';
  const state = revision === undefined ? 'it is not registered' : `its ETag is "${revision}"`;
  const members = revision === undefined ? {} : { revision };
  return {
    kind: 'precondition-failed',
    detail: `Cannot ${verb} ${instanceName(key)}: ${header} does not hold, ${state}.`,
    members,
  };
}
