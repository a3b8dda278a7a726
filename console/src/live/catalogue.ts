// All apps with their counts: read once in pages, then kept by the changes. A change does not show whether an instance that
// went was up, so what it does to the counts is a guess until the catalogue is read again, a little later. Limits: it is
// read again at most every `againMs`, more rarely where that takes long.

import { signal } from '@preact/signals';
import { failureText, get } from '../api/http.ts';
import type { AppEntry, Catalogue, WatchedChange } from '../api/shapes.ts';
import { onChanges } from './changes.ts';

export interface KnownApps {
  readonly kind: 'loading' | 'known';
  /** Sorted by env and app. */
  readonly apps: readonly AppEntry[];
  readonly byName: ReadonlyMap<string, AppEntry>;
  /** Why it could not be read, last. */
  readonly trouble?: string | undefined;
}

export const catalogue = signal<KnownApps>({ kind: 'loading', apps: [], byName: new Map() });

const pageSize = '1000';
const againMs = 2000;

export function nameOf({ env, appid }: { readonly env: string; readonly appid: string }): string {
  return `${env}/${appid}`;
}

/** Reads all pages; gives the revision from which changes have to be followed. */
export async function readCatalogue(signal?: AbortSignal): Promise<number | undefined> {
  const apps: AppEntry[] = [];
  let revision: number | undefined;
  let after: string | undefined;
  do {
    const page = await get<Catalogue>('api/v1/apps', { limit: pageSize, after }, signal);
    if (page.kind !== 'ok') {
      if (signal?.aborted !== true) catalogue.value = { ...catalogue.value, trouble: failureText(page) };
      return undefined;
    }
    apps.push(...page.value.apps);
    // Of the first page: what changes while the others are read comes again as a change.
    revision ??= page.value.revision;
    after = page.value.next;
  } while (after !== undefined);
  show(apps);
  return revision;
}

function show(apps: readonly AppEntry[]): void {
  catalogue.value = { kind: 'known', apps, byName: new Map(apps.map((app) => [nameOf(app), app])) };
}

/** Keeps the counts while the page is open. */
export function keepCatalogue(): void {
  let isWaiting = false;
  let tookMs = 0;
  const readAgain = async (): Promise<void> => {
    const startedAt = performance.now();
    await readCatalogue();
    tookMs = performance.now() - startedAt;
    isWaiting = false;
  };
  onChanges((changes) => {
    apply(changes);
    if (isWaiting || !changes.some(({ kind }) => kind !== 'updated')) return;
    isWaiting = true;
    setTimeout(() => void readAgain(), Math.max(againMs, 20 * tookMs));
  });
}

function apply(changes: readonly WatchedChange[]): void {
  const { byName } = catalogue.value;
  const next = new Map(byName);
  let isNew = false;
  for (const change of changes) {
    const name = nameOf(change);
    const known = next.get(name) ?? { env: change.env, appid: change.appid, instances: 0, up: 0 };
    isNew ||= !next.has(name);
    const counted = count(known, change);
    if (counted.instances > 0) next.set(name, counted);
    else next.delete(name);
  }
  const apps = [...next.values()];
  if (isNew) apps.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  catalogue.value = { kind: 'known', apps, byName: next };
}

function count(app: AppEntry, { kind, why, after, changed }: WatchedChange): AppEntry {
  if (kind === 'registered' && why !== 'replaced') {
    return { ...app, instances: app.instances + 1, up: app.up + (after?.status === 'up' ? 1 : 0) };
  }
  if (kind === 'cancelled' || kind === 'evicted') {
    const instances = Math.max(0, app.instances - 1);
    return { ...app, instances, up: Math.min(app.up, instances) };
  }
  if (changed?.includes('status') !== true) return app;
  const up = app.up + (after?.status === 'up' ? 1 : -1);
  return { ...app, up: Math.max(0, Math.min(app.instances, up)) };
}
