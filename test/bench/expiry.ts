// A fleet that falls silent: how late its evictions are, by the times in /events.

import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from '../kit/http/api-client.ts';
import { type OwnServer, type Population, placeOf, registerNames } from './own.ts';

/** No guard that would keep them. */
export const unguarded = { ROLLCALL_GUARD_PERCENT: '0', ROLLCALL_EVICTION_PERCENT_PER_MINUTE: '100' };

const perBatch = 1000;

interface Page {
  readonly events: readonly { readonly silentSeconds: number }[];
  readonly next?: string;
}

/**
 * Registers them, lets all their leases end, and resolves when all are gone: milliseconds by which each was late, in
 * order. They end as they were registered, or, where they are renewed in batches, within a moment. No other instance may have
 * been evicted from this server before.
 */
export async function lateness(
  server: OwnServer,
  population: Population & { readonly leaseSeconds: number },
  ends: 'as registered' | 'together',
): Promise<number[]> {
  const api = new ApiClient(`http://127.0.0.1:${server.httpPort}`);
  const members = async () => (await api.call('GET', '/api/v1/guard')).json['members'] as number;
  const before = await members();
  await registerNames(server.httpPort, population);
  if (ends === 'together') await renewAll(api, population);
  while ((await members()) > before) await sleep(200);
  const lateMs: number[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const { json } = await api.call('GET', `/api/v1/events?why=evicted&limit=${perBatch}${next}`);
    const page = json as unknown as Page;
    for (const { silentSeconds } of page.events) lateMs.push(1000 * (silentSeconds - population.leaseSeconds));
    next = page.next && `&before=${page.next}`;
  }
  api.close();
  return lateMs.sort((a, b) => a - b);
}

async function renewAll(api: ApiClient, { from = 0, to, perApp }: Population): Promise<void> {
  for (let start = from; start < to; start += perBatch) {
    const instances = Array.from({ length: Math.min(perBatch, to - start) }, (_, i) => ({
      env: 'prod',
      ...placeOf(start + i, perApp),
    }));
    const { status } = await api.call('POST', '/api/v1/renew', { body: { instances } });
    if (status !== 200) throw new Error(`a batch was answered ${status}`);
  }
}
