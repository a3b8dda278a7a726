// What is wrong, worst first: the registry itself, apps that answer with nothing, leases that ended, checks that fail,
// names that zone files hide, names that are asked for and do not exist. A pure function of what was read; pages show it.

import type { AppEntry, Change, Guard, QueryRow, ZoneFile } from '../api/shapes.ts';
import { linkTo } from '../route.ts';
import { nameOf } from './catalogue.ts';

export interface Found {
  readonly key: string;
  readonly level: 'bad' | 'warn';
  /** One or two words for the badge. */
  readonly kind: string;
  readonly app?: { readonly env: string; readonly appid: string };
  readonly subject: string;
  readonly text: string;
  readonly href: string;
  /** Where it is explained or undone. */
  readonly next: { readonly title: string; readonly href: string };
}

export interface Evidence {
  readonly apps: readonly AppEntry[];
  readonly guard: Guard | undefined;
  /** Evictions and check results of the last hour, newest first. */
  readonly events: readonly Change[];
  readonly zones: readonly ZoneFile[];
  /** Names that do not exist, each once. */
  readonly queries: readonly QueryRow[];
  readonly origin: string;
  readonly metric: (name: string, labels?: string) => number | undefined;
}

/** More of one kind are counted and not listed. */
const ofAKindMax = 40;

export function findProblems(evidence: Evidence): readonly Found[] {
  const envsOf = envsByApp(evidence.apps);
  const kinds = [
    ofServer(evidence),
    ofGuard(evidence.guard),
    allWaiting(evidence, envsOf),
    hiddenNames(evidence),
    lapsed(evidence, envsOf),
    deadNames(evidence, envsOf),
    failingChecks(evidence),
    mostlyWaiting(evidence.apps),
  ];
  return kinds.flatMap(shorten);
}

function shorten(found: readonly Found[]): readonly Found[] {
  const first = found[ofAKindMax];
  if (first === undefined) return found;
  const more = found.length - ofAKindMax;
  const rest = {
    ...first,
    key: `${first.kind} more`,
    subject: `${more} more`,
    text: 'Of the same kind: filter the apps below.',
  };
  return [...found.slice(0, ofAKindMax), rest];
}

function ofServer({ metric }: Evidence): Found[] {
  const found: Found[] = [];
  const add = (kind: string, subject: string, text: string, next: Found['next']): void => {
    found.push({ key: subject, level: 'bad', kind, subject, text, href: next.href, next });
  };
  if (metric('rollcall_ready') === 0) {
    add(
      'not ready',
      'This server',
      'It has not restored its state yet, or is stopping: DNS answers SERVFAIL.',
      metricsLink,
    );
  }
  if (metric('rollcall_store_failing') === 1) {
    add(
      'store',
      'The store',
      'It cannot write: registrations are refused, DNS and renewals go on. The disk may be full.',
      metricsLink,
    );
  }
  const failing = metric('rollcall_zone_files_failing') ?? 0;
  if (failing > 0) {
    const text = `${failing === 1 ? 'One is' : `${failing} are`} not served as written: refused, or deleted.`;
    add('zone file', 'Zone files', text, { title: 'Zones', href: linkTo(['zones']) });
  }
  return found;
}

const metricsLink = { title: 'Metrics', href: '../metrics' };

function ofGuard(guard: Guard | undefined): Found[] {
  if (guard === undefined || !guard.holding) return [];
  const why = { title: 'Why', href: linkTo(['guard']) };
  const registry: Found[] = guard.registryHeld
    ? [
        {
          key: 'guard',
          level: 'bad',
          kind: 'guard holds',
          subject: 'The whole registry',
          text: `${guard.reason}. No lease evicts: ${guard.suspects} past their lease are still answered.`,
          href: why.href,
          next: why,
        },
      ]
    : [];
  const apps = guard.apps.map(
    (app): Found => ({
      key: `guard ${nameOf(app)}`,
      level: 'bad',
      kind: 'guard holds',
      app,
      subject: nameOf(app),
      text: `${app.reason}. ${app.suspects} past their lease are still answered.`,
      href: linkTo(['apps', app.env, app.appid]),
      next: why,
    }),
  );
  return [...registry, ...apps];
}

function allWaiting({ apps, origin, events }: Evidence, envsOf: ReadonlyMap<string, string[]>): Found[] {
  return apps
    .filter(({ instances, up }) => instances > 0 && up === 0)
    .map((app) => ({
      key: `waiting ${nameOf(app)}`,
      level: 'bad',
      kind: 'all waiting',
      app,
      subject: nameOf(app),
      text: `${app.instances === 1 ? 'Its one instance takes no' : `None of its ${app.instances} instances takes`} traffic: DNS answers with nothing.${checkText(app, events)}${elsewhere(app, envsOf)}`,
      href: linkTo(['apps', app.env, app.appid]),
      next: resolveLink(`${app.appid}.${app.env}.${origin}`),
    }));
}

/** What a check of an app that is all waiting has found last. */
function checkText(app: AppEntry, events: readonly Change[]): string {
  const found = events.find((change) => change.verdict === 'critical' && nameOf(change) === nameOf(app));
  return found === undefined ? '' : ` A check fails: ${found.reason ?? ''}.`;
}

function mostlyWaiting(apps: readonly AppEntry[]): Found[] {
  return apps
    .filter(({ instances, up }) => up > 0 && up * 2 < instances)
    .map((app) => ({
      key: `few ${nameOf(app)}`,
      level: 'warn',
      kind: 'few up',
      app,
      subject: nameOf(app),
      text: `${app.up} of ${app.instances} instances take traffic.`,
      href: linkTo(['apps', app.env, app.appid]),
      next: { title: 'Events', href: linkTo(['events'], { app: nameOf(app) }) },
    }));
}

function hiddenNames({ zones, origin }: Evidence): Found[] {
  return zones.flatMap(({ file, hidden }) =>
    hidden.map((app) => ({
      key: `hidden ${nameOf(app)} ${file}`,
      level: 'bad' as const,
      kind: 'hidden',
      app,
      subject: nameOf(app),
      text: `A zone file answers in its place: ${file}.`,
      href: linkTo(['apps', app.env, app.appid]),
      next: resolveLink(`${app.appid}.${app.env}.${origin}`),
    })),
  );
}

function lapsed({ events, apps }: Evidence, envsOf: ReadonlyMap<string, string[]>): Found[] {
  const byApp = new Map<string, Change[]>();
  for (const change of events) {
    if (change.why === 'evicted' || change.why === 'lapsed')
      byApp.set(nameOf(change), [...(byApp.get(nameOf(change)) ?? []), change]);
  }
  const known = new Map(apps.map((app) => [nameOf(app), app]));
  return [...byApp].map(([name, changes]) => {
    const [{ env, appid, instance, silentSeconds }] = changes as [Change];
    const left = known.get(name)?.instances ?? 0;
    const who =
      changes.length === 1
        ? `The lease of ${instance} ended, after ${Math.round(silentSeconds ?? 0)} s without a renewal`
        : `${changes.length} leases ended within the hour`;
    return {
      key: `lapsed ${name}`,
      level: left === 0 ? 'bad' : 'warn',
      kind: 'lapsed',
      app: { env, appid },
      subject: name,
      text: `${who}; ${left === 0 ? `none is left.${elsewhere({ env, appid }, envsOf)}` : `${left} left.`}`,
      href: linkTo(['apps', env, appid]),
      next: { title: 'Events', href: linkTo(['events'], { app: name, why: 'evicted,lapsed' }) },
    } satisfies Found;
  });
}

function failingChecks({ events, apps }: Evidence): Found[] {
  const known = new Map(apps.map((app) => [nameOf(app), app]));
  const newest = new Map<string, Change>();
  for (const change of events) {
    const name = `${nameOf(change)}/${change.instance}`;
    if (!newest.has(name)) newest.set(name, change);
  }
  return [...newest]
    .filter(([, change]) => change.verdict === 'critical' && (known.get(nameOf(change))?.up ?? 0) > 0)
    .map(([name, { env, appid, instance, reason = '' }]) => ({
      key: `check ${name}`,
      level: 'warn',
      kind: 'check fails',
      app: { env, appid },
      subject: name,
      text: reason,
      href: linkTo(['apps', env, appid, instance]),
      next: { title: 'Events', href: linkTo(['events'], { app: `${env}/${appid}`, why: 'checked' }) },
    }));
}

/** Asked less often within the hour is a slip of one person. */
const deadPerHourMin = 5;

/** Names that do not exist, asked again and again: of an app in an env where it is not, of one that is written wrong. */
function deadNames({ queries, origin }: Evidence, envsOf: ReadonlyMap<string, string[]>): Found[] {
  return queries
    .filter(({ lastHour }) => lastHour >= deadPerHourMin)
    .map(({ name = '', lastHour, lastMinute, clients, closeTo = [] }) => {
      const elsewhere = appsElsewhere(name, origin, envsOf);
      const hint =
        elsewhere.length > 0
          ? ` It is registered in ${elsewhere.map((app) => app.split('/')[0]).join(', ')}.`
          : closeTo.length > 0
            ? ` Close to it: ${closeTo.join(', ')}.`
            : '';
      const by = clients === 0 ? '' : clients === 1 ? ' by one client' : ` by ${clients} clients`;
      return {
        key: `dead ${name}`,
        level: 'warn',
        kind: elsewhere.length > 0 ? 'wrong env' : 'no such name',
        subject: name,
        text: `Does not exist, and was asked for ${lastHour} times within the hour${by}, ${lastMinute} in the last minute.${hint}`,
        href: resolveLink(name).href,
        next: { title: 'Traffic', href: linkTo(['traffic'], { name, rcode: 'NXDOMAIN', by: 'none' }) },
      } satisfies Found;
    });
}

/** The envs of each app. */
function envsByApp(apps: readonly AppEntry[]): ReadonlyMap<string, string[]> {
  const envsOf = new Map<string, string[]>();
  for (const { env, appid } of apps) envsOf.set(appid, [...(envsOf.get(appid) ?? []), env]);
  return envsOf;
}

/** The app of a name, as in `_http._tcp.orders.prod.svc.`, in the envs that have it, if its own does not: `env/appid`. */
function appsElsewhere(name: string, origin: string, envsOf: ReadonlyMap<string, string[]>): readonly string[] {
  if (!name.endsWith(`.${origin}`)) return [];
  const labels = name.slice(0, -origin.length - 1).split('.');
  const env = labels.pop() ?? '';
  for (let first = 0; first < labels.length; first++) {
    const appid = labels.slice(first).join('.');
    const envs = envsOf.get(appid);
    if (envs !== undefined) return envs.includes(env) ? [] : envs.map((one) => `${one}/${appid}`);
  }
  return [];
}

function elsewhere(
  { env, appid }: { readonly env: string; readonly appid: string },
  envsOf: ReadonlyMap<string, string[]>,
): string {
  const others = (envsOf.get(appid) ?? []).filter((other) => other !== env);
  return others.length === 0 ? '' : ` It is also registered in ${others.slice(0, 3).join(', ')}.`;
}

function resolveLink(name: string): Found['next'] {
  return { title: 'Why', href: linkTo(['resolve'], { name: name.replace(/\.$/, ''), type: 'A' }) };
}
