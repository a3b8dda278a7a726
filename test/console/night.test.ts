// What an operator is woken for, found from the overview in two clicks at most: an app whose lease ended, one that is all
// waiting, one that is asked for in the wrong environment, one that the guard holds, one that a zone file hides.

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typed } from '../kit/cli/cli-world.ts';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { scratch } from '../kit/process/scratch.ts';
import { root, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const leaseSeconds = 600;
const shortSeconds = 5;
const wellCount = 80;
/** In vain: often enough to be a problem. */
const askedTimes = 12;

describe.skipIf(missing.length > 0)('night', () => {
  let server: ServerProcess;
  let browser: Browser;
  let zones: string;

  beforeAll(async () => {
    zones = scratch();
    const file = join(zones, 'svc.zone');
    copyFileSync(join(root, 'zones', 'svc.zone'), file);
    server = await startServer({ zones });
    browser = await openBrowser();
    const api = new ApiClient(server.http);
    // Enough that are well: the guard holds the one app and not the registry.
    for (let i = 0; i < wellCount; i++)
      await api.register(`prod/well/w-${i}`, [`http://10.0.2.${i}:80`], { leaseSeconds });
    await api.register('prod/lapsed/one', ['http://10.0.0.1:80'], { leaseSeconds: shortSeconds });
    await api.call('PUT', '/api/v1/apps/prod/lapsed/one/renew');
    await api.register('prod/asleep/one', ['http://10.0.0.2:80'], { leaseSeconds, status: 'waiting' });
    await api.register('staging/orders/one', ['http://10.0.0.3:80'], { leaseSeconds });
    await api.register('prod/hidden/one', ['http://10.0.0.4:80'], { leaseSeconds });
    const held = Array.from({ length: 6 }, (_, i) => `prod/held/h-${i}`);
    for (const place of held) await api.register(place, ['http://10.0.1.1:80'], { leaseSeconds: shortSeconds });
    // What was never heard again is no evidence to the guard.
    for (const place of held) await api.call('PUT', `/api/v1/apps/${place}/renew`);
    // A file that hides what is registered is refused at the registration, so it comes afterwards.
    writeFileSync(file, `${readFileSync(file, 'utf8')}hidden.prod IN A 192.0.2.99\n`);
    await until('the guard, the eviction and the zone', async () => {
      const { json: guard } = await api.call('GET', '/api/v1/guard');
      const { status } = await api.call('GET', '/api/v1/apps/prod/lapsed/one');
      const { text } = await api.call('GET', '/api/v1/resolve?name=hidden.prod.svc');
      return guard['holding'] === true && status === 404 && text.includes('192.0.2.99');
    });
    api.close();
    const dns = await udpClient(server.dnsPort);
    for (const name of ['orders.prod.svc', 'wel.prod.svc']) for (let i = 0; i < askedTimes; i++) await dns.ask(name);
    dns.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const cases: readonly (readonly [badge: string, app: string, link: string, explained: RegExp])[] = [
    ['lapsed', 'prod/lapsed', 'Events', /silent for \d+ s/],
    ['all waiting', 'prod/asleep', 'Why', /1 instance, all waiting/],
    ['guard holds', 'prod/held', 'Why', /holds (apps|the registry)/],
    ['hidden', 'prod/hidden', 'Why', /192\.0\.2\.99/],
  ];

  test.each(cases)('%s', async (badge, app, link, explained) => {
    const { page, close } = await openPage(browser, server.http, '/console/');
    const row = page.locator('.problems li').filter({ hasText: app }).filter({ hasText: badge });
    await row.getByRole('link', { name: link }).click();
    await page.getByText(explained).first().waitFor();
    await close();
  });

  test('the page of the app warns that a zone file answers in its place', async () => {
    const { page, close } = await openPage(browser, server.http, '/console/#/apps/prod/hidden');
    await page.getByText(/No instance has the address 192\.0\.2\.99/).waitFor();
    await close();
  });

  test('wrong env', async () => {
    const { page, close } = await openPage(browser, server.http, '/console/');
    const row = page.locator('.problems li').filter({ hasText: 'wrong env' });
    await row.getByText('It is registered in staging').waitFor();
    await row.getByRole('link', { name: 'Traffic' }).click();
    const table = page.getByRole('table', { name: 'Queries' });
    await table.getByRole('link', { name: '127.0.0.1' }).waitFor();
    // The head, and one row: one client asked one question.
    expect(await table.getByRole('row').count()).toBe(2);
    await close();
  });

  test('a name with a slip in it leads to the app that was meant', async () => {
    const { page, close } = await openPage(browser, server.http, '/console/#/traffic');
    const missing = page.getByRole('table', { name: 'Names that do not exist' });
    const row = missing.getByRole('row').filter({ hasText: 'wel.prod.svc.' });
    await row.getByRole('link', { name: 'prod/well' }).click();
    await page.getByRole('heading', { name: 'well prod' }).waitFor();
    await close();
  });

  test('a zone file at fault, with line and column, and what a good one hides', async () => {
    const bad = join(zones, 'bad.zone');
    writeFileSync(bad, '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.256\n');
    const watched = await openPage(browser, server.http, '/console/#/zones');
    const { page } = watched;
    await page.getByText(`${bad}:4:6`).waitFor();
    await page.getByText('1 file fails').waitFor();
    await page.getByRole('link', { name: 'prod/hidden' }).waitFor();
    expect(await watched.faults()).toEqual([]);
    rmSync(bad);
    await watched.close();
  });

  test('from the command line each of them is one command', async () => {
    const rollcall = async (...args: string[]) => (await typed(args, { env: { ROLLCALL_URL: server.http } })).out;
    const dns = `127.0.0.1:${server.dnsPort}`;
    expect(await rollcall('events', 'prod/lapsed')).toContain('no renewal came for');
    expect(await rollcall('ls', 'prod')).toMatch(/asleep +1 +0/);
    expect(await rollcall('who', '--missing')).toMatch(/orders\.prod\.svc\. +A +NXDOMAIN .*staging\/orders/);
    expect(await rollcall('guard')).toContain('prod/held');
    expect(await rollcall('resolve', 'hidden.prod.svc', '--server', dns)).toContain('192.0.2.99');
  });

  test('the nodes of a cluster, where there is one', async () => {
    const nodes = [{ node: 'a', state: 'joined', owned: 12, lagMs: 3 }];
    const watched = await openPage(browser, server.http, '/console/');
    const { page } = watched;
    const index = (await (await fetch(`${server.http}/`)).json()) as object;
    await page.route(`${server.http}/`, (route) => route.fulfill({ json: { ...index, nodes: 'api/v1/nodes' } }));
    await page.route('**/api/v1/nodes', (route) => route.fulfill({ json: { etcd: 'connected', nodes } }));
    await page.reload();
    await page.getByRole('link', { name: 'Cluster' }).click();
    await page.getByRole('cell', { name: 'joined' }).waitFor();
    expect(await watched.faults()).toEqual([]);
    await watched.close();
  });
});
