// Who asks for what, as it is shown: the rows of the statistics, filtered, added up by name, client or app, sorted, and in
// pages. A caller sees the queries for apps that it may read; names that belong to no app want the right to read all.
// Limits: one pass over the rows (query-statistics.ts bounds them); names close to one that does not exist are looked for on
// the page that is shown alone, among `closeLooksMax` apps.

import { nameDistance, slipMax } from '../../model/name-distance.ts';
import type { AppKey } from '../../model/names.ts';
import type { Principal } from '../../model/principal.ts';
import type { ReadView } from '../read-view.ts';
import { appOfName, labelsBelow } from './app-of-name.ts';
import type { LastAsked } from './last-asked.ts';
import type { QueryRow } from './query-row.ts';
import type { QueryStatistics } from './query-statistics.ts';
import type { Recent } from './query-windows.ts';

export type QueryGrouping = 'question' | 'name' | 'client' | 'app' | 'none';
export type QueryOrder = 'queries' | 'minute' | 'hour' | 'day' | 'recent';

export interface QueryFilter {
  /** This name, and those below it; lower case, with a final dot. */
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly rcode?: string | undefined;
  readonly transport?: string | undefined;
  readonly client?: string | undefined;
  readonly app?: AppKey | undefined;
}

export interface QueryPage {
  readonly by: QueryGrouping;
  readonly order: QueryOrder;
  readonly limit: number;
  readonly offset: number;
}

/** What was asked alike. What the grouping adds up has no value. */
export interface QueryGroup {
  readonly name?: string;
  readonly type?: string;
  readonly rcode?: string;
  readonly transport?: string;
  readonly client?: string;
  readonly app?: AppKey;
  readonly queries: number;
  readonly recent: Recent;
  /** Monotonic milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Different ones; 0 where they are not kept. */
  readonly clients: number;
  readonly names: number;
  /** Where the name does not exist: registered apps whose name differs by a slip of the fingers, else those of that name in another env. */
  readonly closeTo: readonly AppKey[];
}

export interface QueryList {
  readonly groups: readonly QueryGroup[];
  readonly total: number;
  /** Queries that are in no row; undefined for a caller that may not read all. */
  readonly unlisted: number | undefined;
  readonly sinceMs: number;
}

/** An app without queries, and when it was last queried (wall-clock milliseconds), if it was since the record began. */
export interface UnaskedApp extends AppKey {
  readonly lastMs: number | undefined;
}

interface Sum {
  readonly sample: QueryRow;
  readonly app: AppKey | undefined;
  queries: number;
  minute: number;
  hour: number;
  day: number;
  firstMs: number;
  lastMs: number;
  readonly clients: Set<string>;
  readonly names: Set<string>;
}

const closeLooksMax = 2000;
const closeShownMax = 3;

export interface QueryListsDeps {
  readonly statistics: QueryStatistics;
  readonly lastAsked: LastAsked;
  readonly view: Pick<ReadView, 'app' | 'apps'>;
  /** With a final dot: `svc.` */
  readonly origin: string;
  monotonicMs(): number;
  wallMs(): number;
}

export class QueryLists {
  readonly #deps: QueryListsDeps;

  constructor(deps: QueryListsDeps) {
    this.#deps = deps;
  }

  list(principal: Principal, filter: QueryFilter, page: QueryPage): QueryList {
    const { statistics } = this.#deps;
    statistics.refresh(this.#deps.monotonicMs());
    const sums = [...this.#sums(principal, filter, page.by).values()];
    sums.sort((a, b) => sortValue(b, page.order) - sortValue(a, page.order) || b.lastMs - a.lastMs);
    const shown = sums.slice(page.offset, page.offset + page.limit);
    return {
      groups: shown.map((sum) => this.#group(sum, page.by)),
      total: sums.length,
      unlisted: principal.scope('read').isEverywhere ? statistics.unlisted : undefined,
      sinceMs: statistics.sinceMs,
    };
  }

  /** How one question was asked; undefined: it was not. */
  asked(name: string, type: string): Pick<QueryGroup, 'queries' | 'recent' | 'lastMs' | 'clients'> | undefined {
    const nowMs = this.#deps.monotonicMs();
    this.#deps.statistics.refreshIfOld(nowMs);
    let sum: Sum | undefined;
    for (const row of this.#deps.statistics.rowsOf(name, type)) {
      sum ??= emptySum(row, undefined);
      addTo(sum, row, nowMs);
    }
    if (sum === undefined) return undefined;
    const { queries, minute, hour, day, lastMs, clients } = sum;
    return { queries, recent: { minute, hour, day }, lastMs, clients: clients.size };
  }

  /** The names that were asked for most in the last minute, with an answer; for the metrics page. */
  top(limit: number): readonly { readonly name: string; readonly type: string; readonly minute: number }[] {
    const nowMs = this.#deps.monotonicMs();
    this.#deps.statistics.refresh(nowMs);
    const sums = new Map<string, { readonly name: string; readonly type: string; minute: number }>();
    for (const row of this.#deps.statistics.rows()) {
      const { name, type, rcode } = row;
      const { minute } = row.recent(nowMs);
      if (rcode !== 'NOERROR' || minute === 0) continue;
      const key = `${name} ${type}`;
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { name, type, minute });
      else sum.minute += minute;
    }
    return [...sums.values()].sort((a, b) => b.minute - a.minute).slice(0, limit);
  }

  /** Queries that are in no row. */
  get unlisted(): number {
    return this.#deps.statistics.unlisted;
  }

  /** Registered apps without queries within `withinMs`, sorted by env and appid; `limit` of them. Times are of the wall clock. */
  unasked(
    principal: Principal,
    withinMs: number,
    limit: number,
  ): { readonly apps: readonly UnaskedApp[]; readonly sinceMs: number } {
    const { statistics, lastAsked, view } = this.#deps;
    const scope = principal.scope('read');
    statistics.refresh(this.#deps.monotonicMs());
    const since = this.#deps.wallMs() - withinMs;
    const unasked: UnaskedApp[] = [];
    for (const app of view.apps()) {
      const lastMs = lastAsked.of(app);
      if (app.size === 0 || (lastMs !== undefined && lastMs >= since)) continue;
      if (scope.covers(app.env, app.appid)) unasked.push({ env: app.env, appid: app.appid, lastMs });
    }
    unasked.sort((a, b) => (appKey(a) < appKey(b) ? -1 : 1));
    return { apps: unasked.slice(0, limit), sinceMs: lastAsked.sinceMs };
  }

  #sums(principal: Principal, filter: QueryFilter, by: QueryGrouping): Map<string, Sum> {
    const nowMs = this.#deps.monotonicMs();
    const scope = principal.scope('read');
    const sums = new Map<string, Sum>();
    for (const row of this.#deps.statistics.rows()) {
      if (!isMatch(row, filter)) continue;
      const app = this.#appOf(row.name);
      if (filter.app !== undefined && (app === undefined || appKey(app) !== appKey(filter.app))) continue;
      if (!(app === undefined ? scope.isEverywhere : scope.covers(app.env, app.appid))) continue;
      if (by === 'app' && app === undefined) continue;
      const key = keyOf(row, app, by);
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = emptySum(row, app);
        sums.set(key, sum);
      }
      addTo(sum, row, nowMs);
    }
    return sums;
  }

  #group(sum: Sum, by: QueryGrouping): QueryGroup {
    const { name, type, rcode, transport, client } = sum.sample;
    const hasName = by !== 'client' && by !== 'app';
    return {
      ...(hasName ? { name } : {}),
      ...(by === 'question' || by === 'none' ? { type, rcode } : {}),
      ...(by === 'none' ? { transport } : {}),
      ...(by === 'client' || by === 'none' ? { client } : {}),
      ...(by !== 'client' && sum.app !== undefined ? { app: sum.app } : {}),
      queries: sum.queries,
      recent: { minute: sum.minute, hour: sum.hour, day: sum.day },
      firstMs: sum.firstMs,
      lastMs: sum.lastMs,
      clients: sum.clients.size,
      names: sum.names.size,
      closeTo: hasName && rcode === 'NXDOMAIN' ? this.#closeTo(name) : [],
    };
  }

  #appOf(name: string): AppKey | undefined {
    return appOfName(name, this.#deps.origin, this.#deps.view);
  }

  #closeTo(name: string): readonly AppKey[] {
    const labels = labelsBelow(name, this.#deps.origin);
    const env = labels?.pop();
    if (labels === undefined || env === undefined || labels.length === 0) return [];
    const asked = labels.filter((label) => !label.startsWith('_')).join('.');
    const close: { readonly app: AppKey; readonly distance: number }[] = [];
    const elsewhere: AppKey[] = [];
    let looks = 0;
    for (const app of this.#deps.view.apps()) {
      if (++looks > closeLooksMax) break;
      if (app.size === 0) continue;
      const distance = nameDistance(asked, app.appid) + nameDistance(env, app.env);
      if (distance <= slipMax) close.push({ app: { env: app.env, appid: app.appid }, distance });
      else if (app.appid === asked) elsewhere.push({ env: app.env, appid: app.appid });
    }
    if (close.length === 0) return elsewhere.slice(0, closeShownMax);
    close.sort((a, b) => a.distance - b.distance || (appKey(a.app) < appKey(b.app) ? -1 : 1));
    return close.slice(0, closeShownMax).map(({ app }) => app);
  }
}

function isMatch(row: QueryRow, { name, type, rcode, transport, client }: QueryFilter): boolean {
  if (name !== undefined && row.name !== name && !row.name.endsWith(`.${name}`)) return false;
  if (type !== undefined && row.type !== type) return false;
  if (rcode !== undefined && row.rcode !== rcode) return false;
  if (transport !== undefined && row.transport !== transport) return false;
  return client === undefined || row.client === client;
}

function keyOf(row: QueryRow, app: AppKey | undefined, by: QueryGrouping): string {
  const { name, type, rcode, transport, client } = row;
  if (by === 'question') return `${name} ${type} ${rcode}`;
  if (by === 'name') return name;
  if (by === 'client') return client;
  if (by === 'app') return app === undefined ? '' : appKey(app);
  return `${name} ${type} ${rcode} ${transport} ${client}`;
}

function emptySum(sample: QueryRow, app: AppKey | undefined): Sum {
  const { firstMs, lastMs } = sample;
  const counts = { queries: 0, minute: 0, hour: 0, day: 0 };
  return { sample, app, ...counts, firstMs, lastMs, clients: new Set(), names: new Set() };
}

function addTo(sum: Sum, row: QueryRow, nowMs: number): void {
  const { minute, hour, day } = row.recent(nowMs);
  sum.queries += row.queries;
  sum.minute += minute;
  sum.hour += hour;
  sum.day += day;
  sum.firstMs = Math.min(sum.firstMs, row.firstMs);
  sum.lastMs = Math.max(sum.lastMs, row.lastMs);
  if (row.client !== '') sum.clients.add(row.client);
  sum.names.add(row.name);
}

function sortValue(sum: Sum, order: QueryOrder): number {
  return order === 'recent' ? sum.lastMs : sum[order];
}

function appKey({ env, appid }: AppKey): string {
  return `${env}/${appid}`;
}
