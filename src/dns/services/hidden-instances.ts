// Which registered instances a zone file hides: its records win at their name and type, its delegations and DNAMEs at all
// that lies below. For a warning when the file is loaded or loaded again: what was registered before cannot be refused.
// Limits: of a file with more names than `namesMax`, those are looked at; the warning is about the rest as well.

import type { RegistryView } from '../../model/view.ts';
import { RRType } from '../message/message.ts';
import { isWithin, labelsOf, type Name } from '../message/name.ts';
import type { Zone } from '../zone/zone.ts';
import { isHiding } from './names/reserved-name.ts';
import { findServiceName, type LargeAppsView } from './names/service-name.ts';

/** Some milliseconds of the main thread. */
const namesMax = 20_000;

/** Apps as `orders.prod`, with the number of their instances that some name of the file hides. */
export type HiddenInstances = ReadonlyMap<string, number>;

export function hiddenInstances(
  zone: Zone,
  origin: Name,
  view: RegistryView,
  largeApps: LargeAppsView,
): HiddenInstances {
  const hidden = new Map<string, number>();
  if (!isWithin(zone.apex, origin)) return hidden;
  const note = (env: string, appid: string, count: number) => {
    const app = `${appid}.${env}`;
    hidden.set(app, Math.max(hidden.get(app) ?? 0, count));
  };
  let names = 0;
  for (const name of zone.records.keys()) {
    if (++names > namesMax) break;
    const node = zone.records.get(name);
    const labels = labelsOf(name.slice(0, name.length - origin.length) as Name);
    const env = labels.at(-1);
    if (node === undefined || env === undefined) continue;
    const isCut = name !== zone.apex && node.rrset(RRType.NS).rrset !== undefined;
    if (isCut || node.rrset(RRType.DNAME).rrset !== undefined) {
      const within = labels.slice(0, -1).join('.');
      for (const { appid } of view.apps(env))
        if (within === '' || appid === within || appid.endsWith(`.${within}`))
          note(env, appid, sizeOf(view, env, appid));
    }
    if (!isHiding(node)) continue;
    const found = findServiceName(labels, view, largeApps);
    if (found?.kind !== 'scope') continue;
    const { app, instances } = found.scope;
    note(app.env, app.appid, [...instances()].length);
  }
  return hidden;
}

function sizeOf(view: RegistryView, env: string, appid: string): number {
  const app = view.at(env, appid);
  return app === undefined || app === 'within' ? 0 : [...app.instances()].length;
}
