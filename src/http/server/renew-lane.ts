// The lane of a healthy fleet: nearly all that a registry hears are renewals (`PUT …/renew`) of instances that are there,
// sent plainly. One that every guard lets in is answered here, in front of fastify, for half of what its router, hooks
// and reply take. Nothing is decided here: the guards themselves are asked, and whatever is refused, unknown, spelled in
// another way, has a body or a query, or is to be logged, goes the usual way as if it had never been looked at, and is
// answered there (renew.ts). Replies and counts are the same on both ways.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { DecisionLog } from '../../control/decision-log.ts';
import type { Shown } from '../../control/visible.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Clock } from '../../runtime/clock.ts';
import { renewalText, renewalType } from '../api/renew.ts';
import type { InFlight } from './in-flight.ts';
import { hasSeveralHosts } from './odd-requests.ts';

export interface RenewLaneDeps {
  readonly registry: Pick<Registry, 'renew'>;
  readonly clock: Clock;
  readonly log: Pick<DecisionLog, 'count' | 'saysRoutine'>;
  readonly underWay: InFlight;
  readonly shown: Shown | undefined;
  /** Whether the caller may call. False may mean that it takes longer to say. */
  readonly isAuthorized: (request: IncomingMessage) => boolean;
  /** Whether the call can be taken now: asked last, since it takes the call's turn. */
  readonly isDue: () => boolean;
}

const route = '/api/v1/apps/:env/:appid/:instance/renew';
/** Nothing in it has to be decoded. */
const plainPath = /^\/api\/v1\/apps\/([\w.~:-]+)\/([\w.~:-]+)\/([\w.~:-]+)\/renew$/;

/** Opens it between a server and what listens for its requests. */
export function openRenewLane(server: Server, deps: RenewLaneDeps): void {
  const usual = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isTaken(deps, request, response)) for (const listener of usual) listener.call(server, request, response);
  });
}

function isTaken(deps: RenewLaneDeps, request: IncomingMessage, response: ServerResponse): boolean {
  try {
    return takes(deps, request, response);
  } catch {
    // A mistake of ours is met again on the usual way, which reports it.
    return false;
  }
}

/** True: it is answered, or will be in a moment. */
function takes(deps: RenewLaneDeps, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'PUT' || deps.log.saysRoutine) return false;
  const startMs = performance.now();
  const path = plainPath.exec(request.url as string);
  if (path === null || !isPlain(request) || !deps.isAuthorized(request) || !deps.isDue()) return false;
  const [, env, appid, instance] = path as unknown as [string, string, string, string];
  const outcome = deps.registry.renew({ env, appid, instance });
  if (outcome.kind !== 'renewed') return false;
  deps.underWay.enter(response);
  deps.log.count.renewal('renewed');
  const { stored } = outcome;
  const soon = deps.shown?.();
  if (soon === undefined) answer(deps, response, stored, startMs);
  else void soon.then(() => answer(deps, response, stored, startMs));
  return true;
}

/** It says for whom it is, and brings nothing. */
function isPlain({ headers, rawHeaders }: IncomingMessage): boolean {
  if (hasSeveralHosts(rawHeaders)) return false;
  const length = headers['content-length'];
  return headers.host !== undefined && headers['transfer-encoding'] === undefined && (length ?? '0') === '0';
}

function answer(
  { clock, log }: RenewLaneDeps,
  response: ServerResponse,
  stored: InstanceRecord,
  startMs: number,
): void {
  const text = renewalText(stored, clock);
  response.writeHead(200, { 'content-type': renewalType, 'content-length': text.length }).end(text);
  log.count.request('PUT', route, 200);
  log.count.took('renewal', (performance.now() - startMs) / 1000);
}
