// The flight recorder of a node in a cluster: each node keeps the changes that it has applied itself, from its start on or
// since it last missed some. What is before that it asks of the others, and gives on what the one has that goes furthest
// back. Numbers are the cluster's, so a node that counts by itself asks nobody, and is asked in vain.
// Limits: `rowOctetsMax` of a reply; what is cut off is said not to be known.

import type { EventPage, EventQuery, Recorder } from '../history/recorder.ts';
import type { Cause, Change } from '../model/change.ts';
import { isObject } from '../model/instance.ts';
import { changeOf, changeRow, type EventRow } from '../store/rows.ts';

const rowOctetsMax = 800_000;
const rowsMax = 2000;

/** Sends a question to all other nodes, and settles with the answers that came. */
export type AskNodes = (question: object) => Promise<readonly unknown[]>;

export class EventsOfNodes implements Recorder {
  readonly #own: Recorder;
  readonly #ask: AskNodes;

  constructor(own: Recorder, ask: AskNodes) {
    this.#own = own;
    this.#ask = ask;
  }

  async events(query: EventQuery): Promise<EventPage> {
    const page = await this.#own.events(query);
    const isWhole = page.changes.length >= query.limit || (query.fromMs ?? 0) >= page.completeSinceMs;
    if (isWhole || (query.before ?? Number.POSITIVE_INFINITY) <= 1) return page;
    const before = Math.min(query.before ?? Number.POSITIVE_INFINITY, page.completeSince + 1);
    const replies = await this.#ask({ ...query, before, limit: query.limit - page.changes.length });
    const pages = replies.flatMap((reply) => pageIn(reply) ?? []);
    const [best] = pages.sort((a, b) => a.completeSince - b.completeSince);
    if (best === undefined || best.completeSince >= page.completeSince) return page;
    const { completeSince, completeSinceMs } = best;
    return { ...page, changes: [...page.changes, ...best.changes], completeSince, completeSinceMs };
  }
}

/** What this node answers to another one's question; undefined: it is none. */
export async function ownEvents(own: Recorder, question: unknown): Promise<object | undefined> {
  const query = queryIn(question);
  if (query === undefined) return undefined;
  const { changes, completeSince, completeSinceMs } = await own.events(query);
  const rows: EventRow[] = [];
  let octets = 0;
  for (const change of changes) {
    const { event } = changeRow(change);
    octets += event.content.length + event.appid.length + event.key.length + 200;
    // Every change after this one is there.
    if (octets > rowOctetsMax) return { rows, completeSince: change.revision, completeSinceMs: change.atMs };
    rows.push(event);
  }
  return { rows, completeSince, completeSinceMs };
}

function queryIn(question: unknown): EventQuery | undefined {
  if (!isObject(question)) return undefined;
  const { env, appid, instance, why, fromMs, toMs, before, limit } = question;
  if (!isCount(limit) || limit > rowsMax || ![env, appid, instance].every(isTextOrNone)) return undefined;
  if (![fromMs, toMs, before].every((one) => one === undefined || typeof one === 'number')) return undefined;
  if (why !== undefined && !(Array.isArray(why) && why.every((one) => typeof one === 'string'))) return undefined;
  return {
    limit,
    ...(env === undefined ? {} : { env: env as string }),
    ...(appid === undefined ? {} : { appid: appid as string }),
    ...(instance === undefined ? {} : { instance: instance as string }),
    ...(why === undefined ? {} : { why: why as Cause['why'][] }),
    ...(fromMs === undefined ? {} : { fromMs: fromMs as number }),
    ...(toMs === undefined ? {} : { toMs: toMs as number }),
    ...(before === undefined ? {} : { before: before as number }),
  };
}

function pageIn(reply: unknown): Pick<EventPage, 'changes' | 'completeSince' | 'completeSinceMs'> | undefined {
  if (!isObject(reply)) return undefined;
  const { rows, completeSince, completeSinceMs } = reply;
  if (!Array.isArray(rows) || rows.length > rowsMax || !isCount(completeSince) || !isCount(completeSinceMs))
    return undefined;
  const changes = rows.flatMap((row): Change[] =>
    isRow(row) ? [changeOf(row)].filter((one) => one !== undefined) : [],
  );
  return { changes, completeSince, completeSinceMs };
}

function isRow(row: unknown): row is EventRow {
  if (!isObject(row) || !isCount(row['revision']) || !isCount(row['atMs'])) return false;
  return ['env', 'appid', 'key', 'why', 'content'].every((field) => typeof row[field] === 'string');
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= 512);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
