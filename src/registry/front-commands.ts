// What a registration through a front leaves alone, and the rule that two names which fold into one appid are two apps:
// the second is refused.

import { targetProblems } from '../model/checks.ts';
import type { RegisterCommand } from '../model/command.ts';
import { ownersRegistration } from '../model/compact-instance.ts';
import { nameClash } from '../model/front-parts.ts';
import type { Instance, Registration } from '../model/instance.ts';
import { type Problem, problem } from '../model/problem.ts';
import type { App } from './apps/app.ts';
import type { MutableRecord } from './mutable-record.ts';

/** The registration with what its front cannot express as it was; or why the two do not fit together. */
export function withKept(
  before: Instance,
  { registration, keeps = [] }: RegisterCommand,
): Registration | [Problem, ...Problem[]] {
  if (keeps.length === 0) return registration;
  const was = ownersRegistration(before);
  const kept = Object.fromEntries(keeps.map((field) => [field, was[field]]));
  const merged: Registration = Object.freeze({ ...registration, ...kept });
  const [first, ...others] = keeps.includes('checks') ? targetProblems(merged.checks, merged.addrs) : [];
  return first === undefined ? merged : [first, ...others];
}

/** A problem of `appid` where the app goes by another name already; instances of one app agree, so few are looked at. */
export function appNameProblem(
  app: App | undefined,
  stored: MutableRecord | undefined,
  { key, fronts }: RegisterCommand,
): Problem | undefined {
  if (app === undefined || fronts === undefined) return undefined;
  const names = Object.keys(fronts) as (keyof typeof fronts)[];
  // Alone in its app, it may take another name.
  if (app.size === 1 && stored !== undefined) return undefined;
  const neighbour = app.latest?.instance === key.instance ? stored?.instance : app.latest;
  const knows = (fronted: Instance | undefined): boolean =>
    names.every((name) => fronted?.fronts?.[name] !== undefined);
  const others = knows(neighbour) ? [neighbour as Instance] : othersOf(app, key.instance);
  for (const other of others) {
    const clash = nameClash(key.appid, fronts, other.fronts);
    if (clash === undefined) continue;
    const message = `is the name of the app "${clash}" too: names that become one DNS name are one app`;
    return problem('appid', message, names.map((name) => fronts[name]?.appName).join(', '));
  }
  return undefined;
}

function* othersOf(app: App, id: string): Generator<Instance> {
  for (const { instance } of app.instances()) if (instance.instance !== id) yield instance;
}
