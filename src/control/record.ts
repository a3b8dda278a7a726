// The record of changes, as fronts use it: who changed what (events), how an app was at an earlier time (past), and what
// a bad removal took away (restore). Reading is the recorder's; what is restored is written through the commands like
// any other change.

import { appInThePast, type PastApp } from '../history/past.ts';
import type { EventPage, EventQuery, Recorder } from '../history/recorder.ts';
import { findRemoved, type RemovalFilter, type RemovedInstances } from '../history/removed.ts';
import { planRestore, type RestoreRun, restoreRemoved } from '../history/undo.ts';
import type { Actor, Change } from '../model/change.ts';
import type { AppKey } from '../model/names.ts';
import { type Principal, principalText } from '../model/principal.ts';
import { type AppScope, everywhere } from '../model/scope.ts';
import type { Refused } from '../model/submit.ts';
import type { Registry } from '../registry/registry.ts';
import type { Commands } from './commands.ts';
import type { DecisionLog } from './decision-log.ts';

export type { PastApp } from '../history/past.ts';
export type { EventPage, EventQuery } from '../history/recorder.ts';
export { Removal, type RemovalFilter, type Removed } from '../history/removed.ts';

export interface RecordDeps {
  readonly registry: Registry;
  readonly recorder: Recorder;
  readonly commands: Commands;
  readonly log: DecisionLog;
}

/** What was found, and what was done of it or would be. */
export interface Restored extends RestoreRun, Omit<RemovedInstances, 'removed'> {
  readonly kind: 'restored';
  /** So many are left for another call. */
  readonly left: number;
}

/** Where few of the changes are a caller's own, a page may end before it is full. */
export interface ScannedPage extends EventPage {
  /** What comes before this revision has not been looked at; undefined: all has been. */
  readonly scannedTo?: number;
}

const pageChanges = 1000;
/** Some tenths of a second of work. */
const scannedMax = 20_000;

export class ChangeRecord {
  readonly #deps: RecordDeps;

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  /** Of what a caller may read. */
  async events(query: EventQuery, scope: AppScope = everywhere): Promise<ScannedPage> {
    const { recorder } = this.#deps;
    const { env, appid } = query;
    if (scope.isEverywhere || (env !== undefined && appid !== undefined)) return recorder.events(query);
    const changes: Change[] = [];
    const unreadable: number[] = [];
    let before = query.before ?? Number.MAX_SAFE_INTEGER;
    for (let scanned = 0; ; scanned += pageChanges) {
      const page = await recorder.events({ ...query, before, limit: pageChanges });
      const covered = page.changes.filter(({ after, before: was }) => isCovered(scope, after ?? was));
      changes.push(...covered.slice(0, query.limit - changes.length));
      unreadable.push(...page.unreadable);
      const last = page.changes.at(-1);
      const found = { ...page, changes, unreadable };
      if (changes.length === query.limit || page.changes.length < pageChanges || last === undefined) return found;
      if (scanned + pageChanges >= scannedMax) return { ...found, scannedTo: last.revision };
      before = last.revision;
    }
  }

  /** The app at wall-clock `atMs`, which must not lie ahead. */
  past(place: AppKey, atMs: number): Promise<PastApp> {
    return appInThePast(this.#deps.registry, this.#deps.recorder, place, atMs);
  }

  /** `isDryRun`: finds out what would be done, and changes nothing. */
  async restore(
    principal: Principal,
    actor: Actor,
    filter: RemovalFilter,
    isDryRun: boolean,
  ): Promise<Restored | Refused> {
    const { registry, recorder, commands, log } = this.#deps;
    if (!principal.may('operate', filter.env, filter.appid)) {
      const where = `${filter.env ?? 'all envs'}${filter.appid === undefined ? '' : `/${filter.appid}`}`;
      return { kind: 'forbidden', right: 'operate', who: principalText(principal), where };
    }
    const found = await findRemoved(recorder, filter);
    const { planned, left, ...plan } = await planRestore(registry, recorder, found.removed);
    const { completeSinceMs, scannedToMs } = found;
    const span = { completeSinceMs, ...(scannedToMs === undefined ? {} : { scannedToMs }) };
    if (isDryRun) return { kind: 'restored', done: planned, skipped: plan.skipped, left, ...span };
    const refused = commands.writeRefusal(principal);
    if (refused !== undefined) return refused;
    const run = await restoreRemoved(registry, planned, actor, (by, command) =>
      commands.perform(principal, by, command),
    );
    const skipped = [...plan.skipped, ...run.skipped];
    const restored = { kind: 'restored', done: run.done, skipped, left, ...span } as const;
    if (run.done.length === 0) return restored;
    log.restored(actor, { count: run.done.length, skipped: skipped.length, left });
    return (await commands.settled()) ?? restored;
  }
}

function isCovered(scope: AppScope, place: AppKey | undefined): boolean {
  return place !== undefined && scope.covers(place.env, place.appid);
}
