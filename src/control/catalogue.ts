// Which apps there are, sorted by env and appid, in pages. The cursor is the last app of the page before, so a page is
// right whatever came or went in between.

import type { AppRecords } from '../model/app-records.ts';
import type { AppKey } from '../model/names.ts';
import { firstAfter } from './bounded-page.ts';
import type { ReadView } from './read-view.ts';

export interface CatalogueEntry extends AppKey {
  readonly instances: number;
  readonly up: number;
  readonly revision: number;
}

export interface CataloguePage {
  readonly apps: readonly CatalogueEntry[];
  /** The cursor of the next page; undefined on the last. */
  readonly next: AppKey | undefined;
}

/** The `limit` first apps after `after`, of one env or of all. */
export function cataloguePage(
  view: Pick<ReadView, 'apps'>,
  env: string | undefined,
  after: AppKey | undefined,
  limit: number,
): CataloguePage {
  const isAfter = (app: AppKey): boolean => after === undefined || byAppKey(app, after) > 0;
  const { page, hasMore } = firstAfter<AppRecords>(view.apps(env), byAppKey, isAfter, limit);
  const last = page.at(-1);
  const next = hasMore && last !== undefined ? { env: last.env, appid: last.appid } : undefined;
  return { apps: page.map(entryOf), next };
}

function entryOf(app: AppRecords): CatalogueEntry {
  let up = 0;
  for (const { instance } of app.instances()) if (instance.status === 'up') up++;
  return { env: app.env, appid: app.appid, instances: app.size, up, revision: app.revision };
}

function byAppKey(a: AppKey, b: AppKey): number {
  if (a.env !== b.env) return a.env < b.env ? -1 : 1;
  return a.appid === b.appid ? 0 : a.appid < b.appid ? -1 : 1;
}
