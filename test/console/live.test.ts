// A console that stays open: what changes is seen without a reload, also while much changes, over a restart of the server
// and over the end of a token.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { type ServerOptions, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const leaseSeconds = 600;

describe.skipIf(missing.length > 0)('live', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  test('what changes between the press and the release of a mouse takes no click away', async () => {
    const server = await startServer();
    const api = new ApiClient(server.http);
    const asleep = (place: string) => api.register(place, ['http://10.0.0.1:80'], { leaseSeconds, status: 'waiting' });
    await asleep('prod/pressed/p-1');
    const [one, other] = [
      await openPage(browser, server.http, '/console/'),
      await openPage(browser, server.http, '/console/'),
    ];
    const rowIn = (opened: typeof one, app: string) => opened.page.locator('.problems li').filter({ hasText: app });
    const link = rowIn(one, 'prod/pressed').getByRole('link', { name: 'Why' });
    // A machine that takes longer than the page is held (press.ts) shows nothing of it: then once more.
    for (let attempt = 0, isLate = true; isLate && attempt < 10; attempt++) {
      if (attempt > 0) await one.page.goto(`${server.http}/console/`);
      await link.hover();
      await one.page.mouse.down();
      const pressedMs = performance.now();
      await asleep(`prod/early-${attempt}/p-1`);
      await rowIn(other, `prod/early-${attempt}`).waitFor();
      await one.page.mouse.up();
      isLate = performance.now() - pressedMs > 2500;
    }
    await one.page.getByText('1 instance, all waiting').waitFor();
    expect(one.page.url()).toContain('pressed');
    // A press that lasts does not hold the page.
    await one.page.goBack();
    await rowIn(one, 'prod/early-0').waitFor();
    await one.page.mouse.down();
    await asleep('prod/also/p-1');
    await rowIn(one, 'prod/also').waitFor();
    await one.page.mouse.up();
    await Promise.all([one.close(), other.close()]);
    api.close();
    await server.stop();
  });

  test('changes are seen at once, also while a load runs', async () => {
    const server = await startServer();
    const api = new ApiClient(server.http);
    await api.register('prod/orders/orders-1', ['http://10.0.0.1:80'], { leaseSeconds });
    const overview = await openPage(browser, server.http, '/console/');
    const app = await openPage(browser, server.http, '/console/#/apps/prod/orders');
    await app.page.getByText('1 of 1 instance takes traffic').waitFor();
    await overview.page.getByRole('link', { name: 'prod/orders' }).last().waitFor();

    const load = { isOn: true, writes: 0 };
    const run = async (worker: number): Promise<void> => {
      for (let i = 0; load.isOn; i++) {
        await api.register(`load/app-${worker}-${i % 50}/a`, ['http://10.1.0.1:80'], { weight: i % 100, leaseSeconds });
        load.writes++;
      }
    };
    const workers = [1, 2, 3, 4].map(run);
    await until('some load', () => load.writes > 400);
    await api.register('prod/orders/orders-2', ['http://10.0.0.2:80'], { leaseSeconds });
    await app.page.getByText('2 of 2 instances take traffic').waitFor();
    await api.call('POST', '/api/v1/apps/prod/orders/orders-1/drain?reason=seen');
    await app.page.getByText('1 of 2 instances take traffic').waitFor();
    // DNS is asked again by itself.
    await app.page.getByText('1 instance of 2 up').waitFor();
    await api.register('prod/fresh/f-1', ['http://10.0.0.3:80'], { leaseSeconds });
    await overview.page.getByRole('searchbox', { name: 'Filter apps' }).fill('fresh');
    await overview.page.getByRole('link', { name: 'prod/fresh' }).last().waitFor();
    load.isOn = false;
    await Promise.all(workers);

    // One stream, however many pages were opened within it.
    expect(overview.calls.filter((call) => call === 'GET /api/v1/watch').length).toBe(1);
    expect([...overview.errors, ...app.errors]).toEqual([]);
    await Promise.all([overview.close(), app.close()]);
    api.close();
    await server.stop();
  });

  test('a renewal is seen: the lease that ran down is long again', async () => {
    const server = await startServer();
    const api = new ApiClient(server.http);
    await api.register('prod/short/s-1', ['http://10.0.0.1:80'], { leaseSeconds: 20 });
    const { page, close } = await openPage(browser, server.http, '/console/#/apps/prod/short');
    const secondsLeft = async () =>
      Number(/(\d+) s/.exec((await page.locator('.lease').first().textContent()) ?? '')?.[1]);
    await page.locator('.lease').first().waitFor();
    const least = await until('the lease to run down', async () => {
      const left = await secondsLeft();
      return left < 10 && left;
    });
    await api.call('PUT', '/api/v1/apps/prod/short/s-1/renew');
    await until('the renewal', async () => (await secondsLeft()) > least + 2);
    await close();
    api.close();
    await server.stop();
  });

  test('a restart of the server is survived, and what changed meanwhile is there', async () => {
    const port = await freePort();
    const directory = scratch();
    const options: ServerOptions = { directory, data: 'data', http: `127.0.0.1:${port}` };
    let server = await startServer(options);
    const api = new ApiClient(server.http);
    await api.register('prod/orders/orders-1', ['http://10.0.0.1:80'], { leaseSeconds });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/orders');
    const { page } = watched;
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByText('1 of 1 instance takes traffic').waitFor();
    await server.stop();
    await page.getByText('reconnecting').waitFor();
    server = await startServer(options);
    await page.getByText('live', { exact: true }).waitFor();
    const again = new ApiClient(server.http);
    await again.register('prod/orders/orders-2', ['http://10.0.0.2:80'], { leaseSeconds });
    await page.getByText('2 of 2 instances take traffic').waitFor();
    // The browser logs failed requests while the server is down; nothing else is an error.
    expect(watched.errors.filter((error) => !/ERR_(CONNECTION|INCOMPLETE|EMPTY|NETWORK)|503/.test(error))).toEqual([]);
    await watched.close();
    api.close();
    again.close();
    await server.stop();
  });

  test('a token that ends asks for another one, and the page goes on where it was', async () => {
    const port = await freePort();
    const directory = scratch();
    const options = (token: string): ServerOptions => ({
      directory,
      data: 'data',
      http: `127.0.0.1:${port}`,
      env: { ROLLCALL_TOKENS: `ops=${token}` },
    });
    const [first, second] = ['first-0123456789abcdef', 'second-0123456789abcdef'];
    let server = await startServer(options(first));
    const api = new ApiClient(server.http);
    const body = { addrs: ['http://10.0.0.1:80'], leaseSeconds };
    const headers = { authorization: `Bearer ${first}` };
    await api.call('PUT', '/api/v1/apps/prod/orders/orders-1', { body, headers });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/orders');
    const { page } = watched;

    await page.getByText('This server needs a token.').waitFor();
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This server does not know that token.').waitFor();
    await page.getByLabel('Token').fill(first);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('1 of 1 instance takes traffic').waitFor();

    await server.stop();
    server = await startServer(options(second));
    await page.getByText(/The token is not accepted/).waitFor();
    await page.getByLabel('Token').fill(second);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('1 of 1 instance takes traffic').waitFor();
    await page.getByText('live', { exact: true }).waitFor();

    // In this tab alone: a reload keeps it, no cookie and no other storage has it.
    await page.reload();
    await page.getByText('1 of 1 instance takes traffic').waitFor();
    const kept = await page.evaluate(() => ({ local: JSON.stringify(localStorage), cookie: document.cookie }));
    expect(JSON.stringify(kept)).not.toContain(second);
    await watched.close();
    api.close();
    await server.stop();
  });
});
