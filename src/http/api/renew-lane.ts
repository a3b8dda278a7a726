// The lane of a healthy fleet: nearly all calls of a registry are renewals (`PUT …/renew`) of registered instances, sent
// plainly. One that every guard lets through is answered here, in front of fastify, for half of what its router, hooks
// and reply take. Nothing is decided here: the guards themselves are applied, and whatever is refused, unknown, spelled in
// another way, has a body or a query, or is to be logged, goes to Node's own listener as if it had never been looked at, and is
// answered there (renew.ts). Replies and counts are the same on both ways.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Renewals } from '../../control/renewals.ts';
import type { Visible } from '../../control/visible.ts';
import type { HttpCounters } from '../../model/http-counters.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type Life, registryHeader } from '../../model/life.ts';
import type { Principal } from '../../model/principal.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { InFlight } from '../limits/in-flight.ts';
import { hasSeveralHosts } from '../server/irregular-requests.ts';
import { renewalText, renewalType } from './renew.ts';

export interface RenewLaneDeps {
  readonly renewals: Pick<Renewals, 'renewKnown' | 'isLogged'>;
  readonly life: Life;
  readonly clock: Clock;
  readonly counters: HttpCounters;
  readonly inFlight: InFlight;
  readonly visible: Visible;
  /** The caller; undefined: it may not call, or it takes longer to find out. */
  readonly authenticate: (request: IncomingMessage) => Principal | undefined;
  /** Whether the call can be taken now: asked last, since it takes the call's turn. */
  readonly hasCapacity: () => boolean;
}

const route = '/api/v1/apps/:env/:appid/:instance/renew';
/** Nothing in it has to be decoded. */
const plainPath = /^\/api\/v1\/apps\/([\w.~:-]+)\/([\w.~:-]+)\/([\w.~:-]+)\/renew$/;

/** Opens it between a server and what listens for its requests. */
export function openRenewLane(server: Server, deps: RenewLaneDeps): void {
  const ownListeners = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isTaken(deps, request, response))
      for (const listener of ownListeners) listener.call(server, request, response);
  });
}

function isTaken(deps: RenewLaneDeps, request: IncomingMessage, response: ServerResponse): boolean {
  try {
    return takes(deps, request, response);
  } catch {
    // A mistake of ours is met again on the full path, which reports it.
    return false;
  }
}

/** True: it is answered, or will be in a moment. */
function takes(deps: RenewLaneDeps, request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method !== 'PUT' || deps.renewals.isLogged) return false;
  const startMs = performance.now();
  const path = plainPath.exec(request.url as string);
  if (path === null || !isPlain(request)) return false;
  const principal = deps.authenticate(request);
  if (principal === undefined || !deps.hasCapacity()) return false;
  const [, env, appid, instance] = path as unknown as [string, string, string, string];
  const stored = deps.renewals.renewKnown(principal, { env, appid, instance });
  if (stored === undefined) return false;
  deps.inFlight.enter(response);
  const soon = deps.visible();
  if (soon === undefined) answer(deps, response, stored, startMs);
  else void soon.then(() => answer(deps, response, stored, startMs));
  return true;
}

/** It has one Host header and no body. */
function isPlain({ headers, rawHeaders }: IncomingMessage): boolean {
  if (hasSeveralHosts(rawHeaders)) return false;
  const length = headers['content-length'];
  return headers.host !== undefined && headers['transfer-encoding'] === undefined && (length ?? '0') === '0';
}

function answer(
  { life, clock, counters }: RenewLaneDeps,
  response: ServerResponse,
  stored: InstanceRecord,
  startMs: number,
): void {
  const text = renewalText(stored, clock);
  const headers = { [registryHeader]: life.registry, 'content-type': renewalType, 'content-length': text.length };
  response.writeHead(200, headers).end(text);
  counters.request('PUT', route, 200);
  counters.took('renewal', (performance.now() - startMs) / 1000);
}
