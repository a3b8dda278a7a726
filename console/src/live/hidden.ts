// Which apps a zone file hides: their instances take traffic, and DNS gives addresses that none of them has, or no SRV.
// The API has no list of that, so the apps are asked for one by one, in the background. Limits: `appsMax` apps, two at a
// time, once until asked for again; apps of more than `instancesMax` instances are passed over.

import { signal } from '@preact/signals';
import { get } from '../api/http.ts';
import type { Answer, AppEntry, AppReply } from '../api/shapes.ts';
import { catalogue, nameOf } from './catalogue.ts';
import type { Hidden } from './problems.ts';
import { dnsNameOf } from './server.ts';

export interface Scan {
  readonly isRunning: boolean;
  readonly looked: number;
  readonly of: number;
  readonly hidden: readonly Hidden[];
  /** Apps that were not looked at. */
  readonly passed: number;
}

export const scan = signal<Scan>({ isRunning: false, looked: 0, of: 0, hidden: [], passed: 0 });

const appsMax = 200;
const instancesMax = 500;

/** Looks again; without effect while it is looking. */
export async function lookForHidden(): Promise<void> {
  if (scan.value.isRunning) return;
  const all = catalogue.value.apps.filter(({ up }) => up > 0);
  const apps = all.filter(({ instances }) => instances <= instancesMax).slice(0, appsMax);
  scan.value = { ...scan.value, isRunning: true, looked: 0, of: apps.length, passed: all.length - apps.length };
  const hidden: Hidden[] = [];
  const queue = [...apps];
  const work = async (): Promise<void> => {
    for (let app = queue.shift(); app !== undefined; app = queue.shift()) {
      const found = await look(app);
      if (found !== undefined) hidden.push(found);
      scan.value = { ...scan.value, looked: scan.value.looked + 1 };
    }
  };
  await Promise.all([work(), work()]);
  hidden.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  scan.value = { ...scan.value, isRunning: false, hidden };
}

async function look({ env, appid }: AppEntry): Promise<Hidden | undefined> {
  const name = dnsNameOf(env, appid);
  const ask = (type: string) => get<Answer>('api/v1/resolve', { name, type });
  const [a, srv, app] = await Promise.all([
    ask('A'),
    ask('SRV'),
    get<AppReply>(`api/v1/apps/${env}/${appid}`, { status: 'up' }),
  ]);
  if (a.kind !== 'ok' || srv.kind !== 'ok' || app.kind !== 'ok') return undefined;
  const { instances } = app.value;
  if (instances.length === 0) return undefined;
  const strangers = strangersIn(
    a.value,
    instances.flatMap(({ addrs }) => addrs),
  );
  if (strangers.length > 0)
    return { env, appid, name, text: `${name} is ${strangers.join(', ')}, which no instance has.` };
  if (srv.value.answer.length > 0) return undefined;
  return { env, appid, name, text: `${name} has no SRV records though instances are up: ${srv.value.reason}.` };
}

/** Addresses of an answer that no instance has. */
export function strangersIn({ answer }: Answer, addrs: readonly string[]): string[] {
  const hosts = new Set(addrs.map(hostOf));
  // A host name is resolved by the server: its addresses are not known here.
  if ([...hosts].some((host) => !/^[\d.]+$|:/.test(host))) return [];
  return answer.flatMap((line) => {
    const data = /\sIN\s+A\s+(\S+)$/.exec(line)?.[1];
    return data === undefined || hosts.has(data) ? [] : [data];
  });
}

function hostOf(addr: string): string {
  const host = addr.replace(/^[^:]*:\/\//, '').replace(/:\d+$/, '');
  return host.replace(/^\[|\]$/g, '');
}
