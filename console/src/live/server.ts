// What does not change while a server runs: its version, the origin of its names, the port of its DNS; and whether it has
// nodes beside it or keeps a ledger of queries, which older servers and single ones have not.

import { signal } from '@preact/signals';
import { get } from '../api/http.ts';
import type { ServerIndex } from '../api/shapes.ts';

export const server = signal<ServerIndex>({ version: '', origin: 'svc.' });
export const isInCluster = signal(false);

export async function readServer(): Promise<void> {
  const [index, nodes] = await Promise.all([get<ServerIndex>(''), get<unknown>('api/v1/nodes')]);
  if (index.kind === 'ok') server.value = index.value;
  isInCluster.value = nodes.kind === 'ok';
}

/** `orders.prod.svc`, without the final dot that people leave out. */
export function dnsNameOf(env: string, appid: string, front = ''): string {
  return `${front}${appid}.${env}.${server.value.origin}`.replace(/\.$/, '');
}

/** A command to paste: the same question as `dig` puts it. */
export function digCommand(name: string, type: string): string {
  const { hostname } = location;
  const at = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname === 'localhost' ? '127.0.0.1' : hostname;
  const port = server.value.dnsPort ?? 8053;
  return `dig @${at}${port === 53 ? '' : ` -p ${port}`} ${name} ${type}`;
}
