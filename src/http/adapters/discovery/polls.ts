// The long polls: `poll` for one app, `polls` for several. A caller waits on its own connection, so a second poll of the
// same hostname takes nothing from the first, and one whose client has gone leaves. It is answered when an app has
// changed since the timestamp it gave, or after 30 s with -304; apps that are not there are waited for as well.
// Limits: `appsMax` in one call; each app takes one place of those that may wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { holdReply } from '../../server/waiting-reply.ts';
import { queryOf } from '../parameters.ts';
import { type AskedApp, askedApp, DiscoveryApps, type DiscoveryContext } from './apps.ts';
import { int64Of, missingArguments } from './arguments.ts';
import { codes, sendCode, sendPolls, sendUnbound } from './replies.ts';

const holdMs = 30_000;
/** A client asks for the apps that it calls. */
const appsMax = 256;

interface Asked {
  readonly app: AskedApp;
  readonly latest: bigint;
}

/** Sends what is new; undefined: nothing is, and nothing was sent. */
type Send = () => FastifyReply | undefined;

export async function poll(
  context: DiscoveryContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = queryOf(request);
  const missing = missingArguments('Poll', query, ['Env', 'AppID', 'Hostname']);
  if (missing !== undefined) return sendUnbound(reply, missing);
  const app = askedApp(query.get('env') ?? '', query.get('appid') ?? '');
  const latest = int64Of(query.get('latest_timestamp') ?? '0');
  if (app === undefined || latest === undefined) return sendCode(reply, codes.badRequest);
  const apps = new DiscoveryApps(context, request);
  if (!apps.isReadable(app)) return sendCode(reply, codes.forbidden);
  const wanted = { status: 'up' as const, zone: query.get('zone') || undefined };
  const known = apps.text(app, wanted);
  if (known === undefined) return sendCode(reply, codes.notFound, 'null');
  if (latest <= 0n) return sendCode(reply, codes.ok, known);
  return sendOrHold(context, request, reply, [{ app, latest }], () => {
    const changed = apps.changed(app, latest, wanted);
    return changed === undefined || changed === 'missing' ? undefined : sendCode(reply, codes.ok, changed.text);
  });
}

export async function polls(
  context: DiscoveryContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = queryOf(request);
  const missing = missingArguments('Polls', query, ['Env', 'AppID', 'Hostname'], ['AppID']);
  if (missing !== undefined) return sendUnbound(reply, missing);
  const names = query.all('appid');
  const given = query.all('latest_timestamp');
  if (names.length > appsMax)
    return sendCode(reply, codes.badRequest, undefined, `at most ${appsMax} apps in one call`);
  if (given.length > 0 && given.length !== names.length) return sendCode(reply, codes.badRequest);
  const asked = names.flatMap((name, at): Asked[] => {
    const app = askedApp(query.get('env') ?? '', name);
    const latest = int64Of(given[at] ?? '0');
    return app === undefined || latest === undefined ? [] : [{ app, latest }];
  });
  if (asked.length !== names.length) return sendCode(reply, codes.badRequest);
  const apps = new DiscoveryApps(context, request);
  if (!asked.every(({ app }) => apps.isReadable(app))) return sendCode(reply, codes.forbidden);
  const wanted = { status: 'up' as const, zone: query.get('zone') || undefined };
  return sendOrHold(context, request, reply, asked, () => {
    const found = asked.map(({ app, latest }) => ({ app, changed: apps.changed(app, latest, wanted) }));
    const texts = new Map<string, string>();
    for (const { app, changed } of found) {
      if (changed === undefined || changed === 'missing') continue;
      texts.set(app.name, `${JSON.stringify(app.name)}:${changed.text}`);
    }
    if (texts.size === 0) return undefined;
    const unknown = found.filter(({ changed }) => changed === 'missing').map(({ app }) => app.name);
    return sendPolls(reply, `{${[...texts.values()].join()}}`, unknown);
  });
}

async function sendOrHold(
  context: DiscoveryContext,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: readonly Asked[],
  send: Send,
): Promise<FastifyReply> {
  const sent = send();
  if (sent !== undefined) return sent;
  const isFree = await woken(context, request, reply, asked);
  if (!isFree) {
    context.control.log.count.refused('long-polls');
    return sendCode(reply, codes.limitExceeded);
  }
  return send() ?? sendCode(reply, codes.notModified);
}

/** Settles when one of the apps has changed, or the time is over; false: there was no place to wait. */
function woken(
  { control }: DiscoveryContext,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: readonly Asked[],
): Promise<boolean> {
  const places = new Map(asked.map(({ app }) => [app.appid ?? app.name, app.env]));
  return new Promise((resolve) => {
    const ends: (() => void)[] = [];
    let held: ReturnType<typeof holdReply> | undefined;
    const finish = (isFree: boolean): void => {
      for (const end of ends) end();
      held?.end();
      resolve(isFree);
    };
    for (const [appid, env] of places) {
      const end = control.apps.wait({ env, appid }, holdMs, () => finish(true));
      if (end === undefined) {
        finish(false);
        return;
      }
      ends.push(end);
    }
    held = holdReply(request, reply);
    // The client has gone: nothing is sent, and its places are free.
    reply.raw.once('close', () => finish(true));
  });
}
