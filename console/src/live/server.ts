// What does not change while a server runs: its version, the origin of its names, the port of its DNS; and whether it has
// nodes beside it, which a single one has not.

import { computed, signal } from '@preact/signals';
import { get } from '../api/http.ts';
import type { ServerIndex } from '../api/shapes.ts';

export const server = signal<ServerIndex>({ version: '', origin: 'svc.' });
export const isInCluster = computed(() => server.value.nodes !== undefined);

export async function readServer(): Promise<void> {
  const index = await get<ServerIndex>('');
  if (index.kind === 'ok') server.value = index.value;
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
