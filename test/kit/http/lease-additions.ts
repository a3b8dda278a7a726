// What a server has added to all leases because it stood still, as it may on a busy machine: the time of its pauses, and that of
// one heartbeat (design §6). Nothing where it had none.

import type { ApiClient } from './api-client.ts';

export async function addedByPauses(api: ApiClient, leaseMs: number): Promise<number> {
  const { text } = await api.call('GET', '/metrics');
  const pausedMs = Number(/^rollcall_paused_seconds_total ([\d.]+)/m.exec(text)?.[1]) * 1000;
  return pausedMs === 0 ? 0 : pausedMs + leaseMs / 3;
}
