// `GET /guard`: self-protection as it is now: whether leases that end evict instances, and if not, why, since when and
// in which apps. One answer is short whatever is held: it lists the apps held for the longest time and counts the others.

import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { GuardStatus } from '../../model/guard-status.ts';
import type { Principal } from '../../model/principal.ts';
import { isoTime } from '../documents/instance-document.ts';
import type { ApiContext } from './api-context.ts';
import { QueryReader } from './query-reader.ts';
import { problemAnswer } from './schemas.ts';

const appsDefault = 100;
const appsMax = 1000;

const count = (description: string) => Type.Integer({ description });
const since = (description: string) => Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

const guardReply = Type.Object({
  holding: Type.Boolean({ description: 'Something is held: the registry, or some apps.' }),
  registryHeld: Type.Boolean({ description: 'The whole registry is held, and with it every app.' }),
  reason: Type.String({ description: 'Why, or why not.' }),
  since: since('Start of the oldest hold.'),
  members: count('Registered instances.'),
  late: count(
    'Instances that take traffic and have not renewed for longer than one and a half of their own intervals.',
  ),
  suspects: count('Instances past their lease that are kept: DNS answers them with TTL 1.'),
  expectedRenewalsPerMinute: count('From the intervals at which the instances really renew.'),
  seenRenewalsPerMinute: count('Of the last minute.'),
  guardPercent: count('A scope that misses three or more is held while fewer than this share is on time; 0: never.'),
  ceilingSeconds: count('So long after the end of its lease an instance is evicted whatever holds.'),
  evictionBudget: Type.Object({
    perMinute: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: no limit.' }),
    lastMinute: Type.Integer(),
    waiting: count('Instances that only the budget keeps.'),
  }),
  apps: Type.Array(
    Type.Object({
      env: Type.String(),
      appid: Type.String(),
      reason: Type.String(),
      since: Type.String({ format: 'date-time' }),
      members: count('Instances that take traffic.'),
      late: Type.Integer(),
      suspects: Type.Integer(),
    }),
    { description: 'Apps that are held for reasons of their own, the oldest holds first.' },
  ),
  moreApps: count('Held apps that are not listed.'),
});

/** Adds the call to a scope whose prefix is /api/v1. */
export function addGuardRoutes(scope: FastifyInstance, { control }: ApiContext): void {
  const schema = {
    summary: 'Self-protection: what is held, why and since when',
    tags: ['operations'],
    querystring: Type.Object({
      limit: Type.Optional(Type.Integer({ minimum: 0, maximum: appsMax, default: appsDefault })),
    }),
    response: { 200: guardReply, '4xx': problemAnswer },
  };
  scope.get('/guard', { schema }, (request, reply) => {
    const query = new QueryReader(request, ['limit']);
    const limit = query.integer('limit', 0, appsMax) ?? appsDefault;
    if (query.refused(reply, 'Cannot show the guard')) return;
    const status = control.view.guard.status(request.principal.scope('read').isEverywhere ? limit : appsMax);
    reply.header('cache-control', 'no-store').send(documentOf(shownTo(request.principal, status, limit)));
  });
}

/** A caller that reads some apps sees the numbers of the registry, and of the held apps its own. */
function shownTo(principal: Principal, status: GuardStatus, limit: number): GuardStatus {
  const read = principal.scope('read');
  if (read.isEverywhere) return status;
  const own = status.heldApps.filter(({ env, appid }) => read.covers(env, appid));
  return { ...status, heldApps: own.slice(0, limit), heldAppCount: own.length };
}

function documentOf(status: GuardStatus) {
  const { perMinute } = status.evictions;
  return {
    holding: status.isHolding,
    registryHeld: status.isRegistryHeld,
    reason: status.reason,
    since: status.sinceMs === undefined ? null : isoTime(status.sinceMs),
    members: status.members,
    late: status.late,
    suspects: status.suspects,
    expectedRenewalsPerMinute: status.expectedRenewalsPerMinute,
    seenRenewalsPerMinute: status.seenRenewalsPerMinute,
    guardPercent: status.percent,
    ceilingSeconds: status.ceilingSeconds,
    evictionBudget: { ...status.evictions, perMinute: Number.isFinite(perMinute) ? perMinute : null },
    apps: status.heldApps.map(({ sinceMs, ...app }) => ({ ...app, since: isoTime(sinceMs) })),
    moreApps: status.heldAppCount - status.heldApps.length,
  };
}
