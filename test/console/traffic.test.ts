// Who asks for what, in the console: rows beyond one page, a server that does not count, and a credential that ends by itself while
// the page is open.

import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { udpClient } from '../kit/dns/dns-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { entry, secretOf } from '../kit/http/credential-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const pageSize = 100;
const names = 2 * pageSize + 7;

describe.skipIf(missing.length > 0)('traffic', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  test('is turned page by page, to its end and back, and the link keeps the place', async () => {
    const server = await startServer();
    const api = new ApiClient(server.http);
    await api.register('prod/orders/orders-1', ['http://10.0.0.1:80'], { leaseSeconds: 600 });
    const dns = await udpClient(server.dnsPort);
    for (let i = 0; i < names; i++) await dns.ask(`n${i}.orders.prod.svc`);
    const watched = await openPage(browser, server.http, '/console/#/traffic');
    const { page } = watched;
    const place = (text: string) => page.getByRole('status').filter({ hasText: text }).waitFor();
    const [before, next] = ['Before', 'Next'].map((name) => page.getByRole('button', { name, exact: true }));
    await place(`1 to ${pageSize} of ${names}`);
    expect(await before?.isDisabled()).toBe(true);
    await next?.click();
    await place(`${pageSize + 1} to ${2 * pageSize} of ${names}`);
    await next?.click();
    await place(`${2 * pageSize + 1} to ${names} of ${names}`);
    expect(await next?.isDisabled()).toBe(true);
    await page.reload();
    await place(`${2 * pageSize + 1} to ${names} of ${names}`);
    await before?.click();
    await place(`${pageSize + 1} to ${2 * pageSize} of ${names}`);
    // Another filter begins with its first page.
    await page.getByLabel('Answer').selectOption('NXDOMAIN');
    await place(`1 to ${pageSize} of ${names}`);
    expect(await watched.faults()).toEqual([]);
    expect(watched.errors).toEqual([]);
    await watched.close();
    dns.close();
    api.close();
    await server.stop();
  });

  test('shows that it is not counted, where it is not, and shows what the metrics have', async () => {
    const server = await startServer({ env: { ROLLCALL_QUERY_STATISTICS: 'off' } });
    const watched = await openPage(browser, server.http, '/console/#/traffic');
    const { page } = watched;
    await page.getByText('queryStatistics is off').waitFor();
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Who asks for what' }).count()).toBe(0);
    expect(await watched.faults()).toEqual([]);
    expect(watched.errors.filter((error) => !error.includes('410'))).toEqual([]);
    await watched.close();
    await server.stop();
  });

  test('a token that expires while the page is open is asked for again, and the page goes on where it was', async () => {
    const directory = scratch();
    // Late enough for a slow machine to have the page open before.
    const expires = new Date(Date.now() + 25_000).toISOString();
    const text =
      entry('short', '{ rights: [admin] }', `, expires: '${expires}'`) + entry('long', '{ rights: [admin] }');
    const files = scratch({ 'tokens.yaml': text });
    const server = await startServer({ directory, args: ['--token-file', join(files, 'tokens.yaml')] });
    const api = new ApiClient(server.http);
    const body = { addrs: ['http://10.0.0.1:80'], leaseSeconds: 600 };
    const headers = { authorization: `Bearer ${secretOf('long')}` };
    await api.call('PUT', '/api/v1/apps/prod/orders/orders-1', { body, headers });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/orders');
    const { page } = watched;
    const signIn = async (who: string): Promise<void> => {
      await page.getByLabel('Token').fill(secretOf(who));
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('1 of 1 instance takes traffic').waitFor();
    };
    await signIn('short');
    await page.getByText(/The credential has expired/).waitFor();
    await signIn('long');
    await page.getByText('live', { exact: true }).waitFor();
    expect(page.url()).toContain('#/apps/prod/orders');
    await watched.close();
    api.close();
    await server.stop();
    removeScratch(files);
    removeScratch(directory);
  });
});
