// A small registry with one of everything that the console shows: three environments, two versions, zones, drained and
// cancelled instances, checks that fail, an app that is all waiting.

import type { ApiClient } from '../kit/http/api-client.ts';

const zones = ['eu-1a', 'eu-1b', 'eu-1c'];
const apps = ['orders', 'pay', 'search', 'com.acme.catalog', 'inventory', 'mail'];
const sizes = { prod: 6, staging: 2, dev: 1 } as const;

/** Leases are long: nothing ends while a page is looked at. */
const leaseSeconds = 600;

export async function registerFleet(api: ApiClient): Promise<void> {
  const all = Object.entries(sizes).flatMap(([env, size]) =>
    apps.flatMap((appid, a) => Array.from({ length: size }, (_, i) => ({ env, appid, a, i, size }))),
  );
  await Promise.all(
    all.map(({ env, appid, a, i, size }) =>
      api.register(`${env}/${appid}/${appid.split('.').at(-1)}-${i + 1}`, addrsOf(size, a, i, appid), {
        version: i >= size - 2 ? '1.5.0' : '1.4.2',
        zone: zones[i % zones.length],
        tags: i === size - 1 ? ['canary'] : [],
        metadata: { team: 'checkout' },
        leaseSeconds,
      }),
    ),
  );
  // As long as names get: it has to break, not to widen the page.
  const collector = 'com.acme.platform.observability.collector';
  await api.register(`prod/${collector}/collector-1`, ['http://10.9.9.2:80'], { leaseSeconds });
  await api.register('prod/ledger/ledger-1', ['http://127.0.0.1:1'], { checks: [{ type: 'tcp', intervalSeconds: 5 }] });
  await api.register('staging/reports/reports-1', ['http://10.9.9.1:80'], { status: 'waiting', leaseSeconds });
  await api.call('POST', '/api/v1/apps/prod/orders/orders-1/drain?reason=rolling+restart');
  await api.call('DELETE', '/api/v1/apps/prod/search/search-2?reason=wrong+list');
}

function addrsOf(size: number, a: number, i: number, appid: string): string[] {
  const host = `10.${size}.${a}.${i + 1}`;
  return appid === 'pay' ? [`http://${host}:8080`, `grpc://${host}:9090`] : [`http://${host}:8080`];
}
