// A cluster under faults that follow from a seed, and what must hold for each: an instance that renews is answered by every
// joined node, who is silent leaves, what was cancelled stays away, serials never fall, and after the last fault all nodes
// are alike. `HISTORY_SECONDS=3600 HISTORY_SEED=7` plays a long one, or one again (`npm run histories`: an hour).

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { back, fallen, vanished } from '../../kit/cluster-checker.ts';
import { ClusterClients, dnsOf } from '../../kit/cluster-clients.ts';
import { faultOf, NemesisWorld, seededNumbers } from '../../kit/cluster-nemesis.ts';
import { api } from '../../kit/cluster-world.ts';
import { missingEtcd } from '../../kit/etcd.ts';
import type { ServerProcess } from '../../kit/server-process.ts';
import { until } from '../../kit/until.ts';

const seconds = Number(process.env['HISTORY_SECONDS'] ?? 45);
const seed = Number(process.env['HISTORY_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const instances = 30;

describe.skipIf(missingEtcd.length > 0)(`a history of ${seconds} s with the seed ${seed}`, () => {
  test('keeps what renews, loses what is silent, and ends alike at all nodes', {
    timeout: (seconds + 240) * 1000,
  }, async () => {
    const random = seededNumbers(seed);
    await using world = await NemesisWorld.start();
    const clients = new ClusterClients(world.nodes, instances);
    await clients.registerAll();
    const faults: string[] = [];
    const wrong: string[] = [];
    let isOver = false;
    const look = async (): Promise<void> => {
      while (!isOver) {
        await clients.renew();
        const from = clients.samples.length;
        await clients.observe();
        for (const sample of clients.samples.slice(from))
          for (const [what, names] of [
            ['vanished', vanished(sample, clients.beating)],
            ['back', back(sample, clients.beating)],
          ] as const)
            if (names.length > 0)
              wrong.push(`${what} at n${sample.node + 1} after ${faults.join(', ')}: ${names.join()}`);
        await pause(200);
      }
    };
    const looking = look();
    const endsMs = performance.now() + seconds * 1000;
    while (performance.now() < endsMs) {
      const fault = faultOf(random);
      faults.push(`${fault.kind} ${fault.index + 1} for ${fault.forMs} ms`);
      const end = await world.begin(fault);
      await pause(fault.forMs);
      await end();
      const [silent, cancelled] = [random(), random()].map((share) => clients.beating[Math.floor(share * instances)]);
      if (silent !== undefined && random() < 0.2) silent.isSilent = true;
      if (cancelled !== undefined && random() < 0.2) await clients.cancel(cancelled);
      await pause(1000 + Math.floor(random() * 4000));
    }
    const nodes = world.nodes as ServerProcess[];
    const states = () => Promise.all(nodes.map(async (node) => (await api(node, 'GET', '/nodes')).body['state']));
    await until('all are joined', async () => (await states()).every((one) => one === 'joined'), { withinMs: 60_000 });
    const living = clients.beating.filter(({ isSilent }) => !isSilent).map(({ address }) => address);
    await until(
      'the silent are gone everywhere, and the others there',
      async () => (await Promise.all(nodes.map(dnsOf))).every((one) => one.join() === [...living].sort().join()),
      { withinMs: 120_000, everyMs: 500 },
    );
    isOver = true;
    await looking;
    const context = `seed ${seed}: ${faults.join(', ')}`;
    expect({ context, wrong }).toEqual({ context, wrong: [] });
    expect({ context, fallen: fallen(clients.samples) }).toEqual({ context, fallen: [] });
    const metrics = await Promise.all(nodes.map(async ({ http }) => (await fetch(`${http}/metrics`)).text()));
    for (const text of metrics) expect(text).toContain('rollcall_cluster_drift_total 0');
  });
});
