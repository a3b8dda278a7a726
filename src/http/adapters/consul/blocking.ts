// Reads that may wait (`index`, `wait`): answered at once where the result is newer than the index, otherwise when it has
// become another, or after `wait`, which up to a sixteenth of it is added to, so that a fleet does not come back at once. An
// index of another server is waited out, as in the original. A caller takes one place of those that may wait.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Woken } from '../../../control/long-poll.ts';
import { holdReply } from '../../server/waiting-reply.ts';
import { type Parameters, queryOf } from '../parameters.ts';
import type { ConsulContext } from './consul-context.ts';
import { durationMs } from './go-duration.ts';
import { type Consistency, sendText, setIndex } from './replies.ts';

export const waitMs = { default: 300_000, max: 600_000 } as const;
const jitterShare = 1 / 16;

/** What a call asks of every read. */
export interface ReadOptions {
  readonly query: Parameters;
  readonly index: number;
  readonly waitMs: number;
  readonly consistency: Consistency;
}

/** Where a result comes from. */
export interface WatchedResult {
  /** The appid, or `anyApp`, or `catalogue`. */
  readonly place: string;
  /** Of the result as it is now. */
  readonly index: () => number;
}

/** Undefined: it has been answered. */
export function readOptions(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
): ReadOptions | undefined {
  const query = queryOf(request);
  const fault = faultIn(context, query);
  if (fault !== undefined) {
    sendText(reply, fault.status, fault.text);
    return undefined;
  }
  const asked = durationMs(query.get('wait') || '0') ?? 0;
  const consistency = isSet(query, 'stale') ? 'stale' : isSet(query, 'consistent') ? 'consistent' : 'leader';
  const index = Number(query.get('index') || '0');
  return { query, index, waitMs: asked === 0 ? waitMs.default : Math.min(asked, waitMs.max), consistency };
}

function faultIn(
  { env }: ConsulContext,
  query: Parameters,
): { readonly status: number; readonly text: string } | undefined {
  const asked = durationMs(query.get('wait') || '0');
  if (asked === undefined || asked < 0) return { status: 400, text: 'Invalid wait time' };
  if (!/^\d{0,20}$/.test(query.get('index') ?? '')) return { status: 400, text: 'Invalid index' };
  if (isSet(query, 'stale') && isSet(query, 'consistent'))
    return { status: 400, text: 'Cannot specify ?stale with ?consistent, conflicting semantics.' };
  for (const name of ['ns', 'partition', 'peer'])
    if (query.get(name))
      return {
        status: 400,
        text: `Invalid query parameter: "${name}" - it is a feature of Consul Enterprise or of its mesh`,
      };
  const dc = query.get('dc') ?? '';
  return dc === '' || dc.toLowerCase() === env ? undefined : { status: 500, text: 'No path to datacenter' };
}

/** A flag may have no value; `false` is how some clients leave it out. */
export function isSet(query: Parameters, name: string): boolean {
  const value = query.get(name);
  return value !== undefined && value !== 'false' && value !== '0';
}

/** Answers with `text` once the result is newer than the index that the caller knows. */
export async function sendRead(
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ReadOptions,
  watched: WatchedResult,
  send: () => FastifyReply,
): Promise<FastifyReply> {
  const isFree = await whenNewer(context, request, reply, options, watched);
  if (!isFree) return sendText(reply, 503, 'There is no place for another blocking query');
  setIndex(reply, watched.index(), options.consistency);
  return send();
}

/** False: there was no place to wait. */
export async function whenNewer(
  { control, env, clock, random }: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
  options: Pick<ReadOptions, 'index' | 'waitMs'>,
  { place, index }: WatchedResult,
): Promise<boolean> {
  if (options.index === 0 || index() > options.index) return true;
  const endsMs = clock.monotonicMs() + options.waitMs * (1 + random() * jitterShare);
  const held = holdReply(request, reply);
  try {
    for (;;) {
      const leftMs = Math.max(1, Math.ceil(endsMs - clock.monotonicMs()));
      const { promise, resolve } = Promise.withResolvers<Woken | 'gone'>();
      const end = control.apps.wait({ env, appid: place }, leftMs, resolve);
      if (end === undefined) {
        control.log.count.refused('long-polls');
        return false;
      }
      const leave = (): void => resolve('gone');
      held.gone.addEventListener('abort', leave, { once: true });
      const why = held.gone.aborted ? 'gone' : await promise;
      held.gone.removeEventListener('abort', leave);
      if (why === 'gone') end();
      // What it waits for may have changed without its own result.
      if (why !== 'changed' || index() > options.index) return true;
    }
  } finally {
    held.end();
  }
}
