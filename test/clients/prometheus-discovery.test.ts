// Prometheus finds what to scrape by SRV, with the job that `rollcall snippet prometheus` prints. It knows no resolver but
// that of /etc/resolv.conf, on port 53, so both run in a network of their own.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snippets } from '../../src/cli/commands/snippet.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { type OwnNetwork, obstacleToOwnNetwork, startInOwnNetwork } from '../kit/process/own-network.ts';
import { type Program, startWhen } from '../kit/process/program.ts';
import { until } from '../kit/process/until.ts';

const missing = requireInCi(['prometheus', 'promtool'], 'prometheus');
const obstacle = missing.length > 0 ? `no ${missing.join()}` : await obstacleToOwnNetwork();

describe.skipIf(obstacle !== '')(`Prometheus dns_sd${obstacle === '' ? '' : ` (${obstacle})`}`, () => {
  let network: OwnNetwork;
  let prometheus: Program;

  beforeAll(async () => {
    network = await startInOwnNetwork({ dns: '127.0.0.1:53', resolvConf: 'nameserver 127.0.0.1\n' });
    const target = {
      dns: { host: '127.0.0.1', port: 53 },
      domains: ['svc'],
      app: 'orders.prod.svc',
      appPort: 80,
    } as const;
    const text = snippets.get('prometheus')?.text({ ...target, domains: ['svc'] }) ?? '';
    const config = join(network.directory, 'prometheus.yml');
    writeFileSync(config, text.replace('refresh_interval: 5s', 'refresh_interval: 1s'));
    await network.output(['promtool', 'check', 'config', config]);
    await network.register('prod/orders/orders-1', { addrs: ['http://10.0.0.7:8080'], dnsTtl: 1 });
    await network.register('prod/orders/orders-2', {
      addrs: ['http://10.0.0.8:8081', 'grpc://10.0.0.8:90'],
      dnsTtl: 1,
    });
    prometheus = network.start([
      'prometheus',
      `--config.file=${config}`,
      `--storage.tsdb.path=${network.directory}/tsdb`,
      '--web.listen-address=127.0.0.1:9090',
      '--log.level=warn',
    ]);
    await startWhen('Prometheus', prometheus, async () => (await ask('/-/ready')).code === 0);
  });

  afterAll(async () => {
    await prometheus.stop('SIGTERM', 5000);
    await network.stop();
  });

  function ask(path: string) {
    return network.run(['curl', '-fsS', `http://127.0.0.1:9090${path}`]);
  }

  /** What it scrapes: `orders-1.orders.prod.svc.:8080`, and the label that the job adds. */
  async function targets(): Promise<string[]> {
    const { code, out } = await ask('/api/v1/targets');
    if (code !== 0) return [];
    const { data } = JSON.parse(out) as { data: { activeTargets: { labels: Record<string, string> }[] } };
    return data.activeTargets.map(({ labels }) => `${labels['job']} ${labels['service']} ${labels['instance']}`).sort();
  }

  test('scrapes the instances with their own ports, and follows those that come and go', async () => {
    const line = (host: string): string => `orders _http._tcp.orders.prod.svc ${host}`;
    // Of an instance whose ports have one address the target is the instance's own name.
    const [one, two] = [line('orders-1.orders.prod.svc:8080'), line('orders-2.orders.prod.svc:8081')];
    const plain = async (): Promise<string> => (await targets()).join().replaceAll('svc.:', 'svc:');
    // Prometheus takes five seconds to pass on what it has found.
    const patience = { withinMs: 25_000, everyMs: 200 };
    await until('both targets', async () => (await plain()) === [one, two].join(), patience);
    const url = `${network.server.http}/api/v1/apps/prod/orders/orders-1`;
    await network.output(['curl', '-fsS', '-X', 'DELETE', url]);
    await until('one target', async () => (await plain()) === two, patience);
    expect(prometheus.output()).not.toMatch(/level=error/);
  });
});
