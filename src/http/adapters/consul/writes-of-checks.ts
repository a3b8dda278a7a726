// Writes of checks: pass, warn, fail and update of a TTL check, register and deregister. A `pass` of a check that passes is a
// renewal and nothing else, so it wakes no watcher; another status is a change of the instance. A warning is up.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { actorOf } from '../../auth/auth.ts';
import { jsonObjectOf } from '../front.ts';
import { queryOf } from '../parameters.ts';
import { readCheck, statusOf } from './check-definition.ts';
import { hasExpired } from './check-states.ts';
import { type ConsulContext, type ConsulHandler, lastPart } from './consul-context.ts';
import { decodeBody } from './go-json.ts';
import { reportedJudgement, withChecks, withoutCheck } from './kept-checks.ts';
import { type CheckStatus, contentOf, type KeptCheck, keptOutputCharactersMax, partOf, serviceNameOf } from './part.ts';
import { registerChecks } from './registering.ts';
import { isFailed, sendEmpty, sendFailed, sendText, sendUnknownCheck, sendUnknownService } from './replies.ts';

const attemptsMax = 5;

/** The reported status of a check. */
interface CheckReport {
  readonly id: string;
  readonly status: CheckStatus;
  readonly output: string;
}

function reporting(status: CheckStatus): ConsulHandler {
  return (context, request, reply) => {
    const id = lastPart(request);
    return applyReport(context, request, reply, { id, status, output: queryOf(request).get('note') ?? '' });
  };
}

const update: ConsulHandler = (context, request, reply) => {
  const id = lastPart(request);
  const body = decodeBody(request.body, { Status: 'string', Output: 'string' } as const, 'checkUpdate');
  if ('fault' in body) {
    context.control.renewals.malformed();
    return sendText(reply, 400, `Request decode failed: ${body.fault}`);
  }
  const status = statusOf(body.Status) ?? { fault: "Invalid check status: ''" };
  if (typeof status === 'object') {
    context.control.renewals.malformed();
    return sendText(reply, 400, status.fault);
  }
  return applyReport(context, request, reply, { id, status, output: body.Output ?? '' });
};

function applyReport(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
  report: CheckReport,
): FastifyReply | Promise<FastifyReply> {
  const found = context.index.byCheck(report.id, request.principal);
  if (found === undefined) return sendUnknownCheck(reply, report.id);
  const { stored, check } = found;
  const { renewals } = context.control;
  const renew = () => renewals.renew(request.principal, actorOf(request, 'consul'), stored.instance);
  const forbidden = () => sendFailed(reply, { kind: 'forbidden', right: 'register' });
  // Before anything of it is stored; the attempt is in the record of refusals.
  const { env, appid } = stored.instance;
  if (!request.principal.may('register', env, appid) && renew().kind === 'forbidden') return forbidden();
  const isLease = check === undefined ? stored.instance.liveness.kind === 'lease' : check.kind === 'ttl';
  if (!isLease || (check === undefined && report.status !== 'passing'))
    return sendText(reply, 500, `CheckID ${JSON.stringify(report.id)} does not have associated TTL`);
  const isSame =
    check === undefined || ((check.reported ?? 'passing') === report.status && !hasExpired(stored.instance));
  // A note that is empty leaves the last one, unless the status is another.
  if (!isSame || report.output !== '') context.outputs.set(stored.instance, report.id, report.output);
  if (!isSame) return change(context, request, reply, report);
  if (report.status === 'critical' || (check !== undefined && !isHeardFrom(context, stored, check)))
    return sendEmpty(reply);
  const renewal = renew();
  if (renewal.kind === 'renewed') return sendEmpty(reply);
  if (renewal.kind === 'forbidden') return forbidden();
  return change(context, request, reply, report);
}

/** Notes that a check was heard; false: another TTL check of the instance is overdue. */
function isHeardFrom({ passes, clock }: ConsulContext, { instance }: InstanceRecord, check: KeptCheck): boolean {
  const { checks = [] } = contentOf(instance);
  if (checks.length < 2) return true;
  const nowMs = clock.monotonicMs();
  passes.heard(instance, check, nowMs);
  return !checks.some((other) => other.kind === 'ttl' && other !== check && passes.isOverdue(instance, other, nowMs));
}

async function change(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
  report: CheckReport,
): Promise<FastifyReply> {
  const { commands } = context.control;
  const actor = actorOf(request, 'consul');
  for (let attempt = 1; ; attempt++) {
    const found = context.index.byCheck(report.id, request.principal);
    if (found?.check === undefined) return sendUnknownCheck(reply, report.id);
    const { instance, revision } = found.stored;
    isHeardFrom(context, found.stored, found.check);
    const checks = changedChecks(context, found.stored, report);
    const consul = partOf(serviceNameOf(instance), { ...contentOf(instance), checks });
    const outcome = await commands.submit(request.principal, actor, {
      kind: 'patch',
      key: { env: instance.env, appid: instance.appid, instance: instance.instance },
      patch: {},
      judgement: reportedJudgement(checks),
      fronts: { consul },
      precondition: { ifMatch: [revision] },
    });
    if (outcome.kind === 'precondition-failed' && attempt < attemptsMax) continue;
    return isFailed(outcome) ? sendFailed(reply, outcome) : sendEmpty(reply);
  }
}

/** The checks with the reported status; where the lease has ended, those that are overdue are critical from now on. */
function changedChecks(
  { passes, clock }: ConsulContext,
  { instance }: InstanceRecord,
  { id, status, output }: CheckReport,
): readonly KeptCheck[] {
  const isExpired = hasExpired(instance);
  const nowMs = clock.monotonicMs();
  return (contentOf(instance).checks ?? []).map((check) => {
    if (check.id !== id) {
      const isSilent = isExpired && check.kind === 'ttl' && passes.isOverdue(instance, check, nowMs);
      return isSilent ? { ...check, reported: 'critical' as const, output: 'TTL expired' } : check;
    }
    const { reported: _reported, output: _output, ...rest } = check;
    return {
      ...rest,
      ...(status === 'passing' ? {} : { reported: status }),
      ...(output === '' ? {} : { output: output.slice(0, keptOutputCharactersMax) }),
    };
  });
}

const register: ConsulHandler = async (context, request, reply) => {
  const body = jsonObjectOf(request.body);
  const read =
    'fault' in body ? { fault: `Request decode failed: ${body.fault}` } : readCheck(body.object, { id: '', name: '' });
  if ('fault' in read) return sendText(reply, 400, read.fault);
  const { kept, serviceId } = read;
  if (kept.name === '') return sendText(reply, 400, 'Missing check name');
  if (serviceId === undefined)
    return sendText(reply, 400, 'Invalid check: there are no checks of a node here; ServiceID has to name a service');
  const stored = context.index.byId(serviceId, request.principal);
  if (stored === undefined) return sendUnknownService(reply, serviceId);
  const asked = [{ ...read, kept: { ...kept, id: kept.id === '' ? kept.name : kept.id } }];
  const outcome = await registerChecks(context, request, keyIn(stored), asked, (known) => withChecks(known, asked));
  if ('fault' in outcome) return sendText(reply, 400, outcome.fault);
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendEmpty(reply);
};

const deregister: ConsulHandler = async (context, request, reply) => {
  const id = lastPart(request);
  const found = context.index.byCheck(id, request.principal);
  if (found?.check === undefined) return sendUnknownCheck(reply, id);
  const outcome = await registerChecks(context, request, keyIn(found.stored), [], (known) => withoutCheck(known, id));
  if ('fault' in outcome) return sendText(reply, 400, outcome.fault);
  return isFailed(outcome) ? sendFailed(reply, outcome) : sendEmpty(reply);
};

function keyIn({ instance: { env, appid, instance } }: InstanceRecord) {
  return { env, appid, instance };
}

export const checkWrites = {
  pass: reporting('passing'),
  warn: reporting('warning'),
  fail: reporting('critical'),
  update,
  register,
  deregister,
} as const;
