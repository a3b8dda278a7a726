// Every page of the console, in a browser, light and dark, wide and narrow: it shows what it is for, without an error, a
// fault that axe finds, a request to another server, a jump of its layout, or a line that is wider than the screen.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { missing, openBrowser, openPage } from './browser.ts';
import { registerFleet } from './fleet.ts';

const pages: readonly (readonly [name: string, path: string, shows: string])[] = [
  ['overview', '/console/', 'all waiting'],
  ['app', '/console/#/apps/prod/pay', 'pay-6'],
  ['app as of then', '/console/#/apps/prod/pay?at=AT&with=now', 'as of then'],
  ['instance', '/console/#/apps/prod/orders/orders-1', 'Bring up'],
  ['events', '/console/#/events', 'search-2'],
  ['undo', '/console/#/events?undo=prod%2Fsearch&since=-15m', 'What would be restored'],
  ['resolve', '/console/#/resolve?name=_http._tcp.pay.prod.svc&type=SRV', 'SRV 0 10 8080 pay-1.pay.prod.svc.'],
  ['traffic', '/console/#/traffic', 'Apps without queries'],
  ['guard', '/console/#/guard', 'rests'],
  ['zones', '/console/#/zones', 'all are served'],
  ['cluster', '/console/#/cluster', 'not in a cluster'],
  ['sign in', '/console/#/sign-in', 'Token'],
  ['no such page', '/console/#/nothing', 'No such page'],
  ['API', '/docs/', 'Register or replace an instance'],
];
const layoutShiftMax = 0.1;

describe.skipIf(missing.length > 0)('pages', () => {
  let server: ServerProcess;
  let browser: Browser;
  let at = '';

  beforeAll(async () => {
    server = await startServer();
    browser = await openBrowser();
    const api = new ApiClient(server.http);
    await registerFleet(api);
    at = new Date().toISOString();
    api.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  describe.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('%s, %i px', (colorScheme, width) => {
    test.each(pages)('%s', async (_name, path, shows) => {
      const options = { colorScheme, viewport: { width, height: 900 } };
      const watched = await openPage(browser, server.http, path.replace('AT', at), options);
      const { page } = watched;
      await page
        .getByText(new RegExp(shows.replaceAll('.', '\\.'), 'i'))
        .first()
        .waitFor();
      await page.waitForLoadState('load');
      expect(await watched.faults()).toEqual([]);
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(widest).toBeLessThanOrEqual(width);
      expect(await watched.layoutShift()).toBeLessThan(layoutShiftMax);
      expect(watched.foreign).toEqual([]);
      expect(watched.errors).toEqual([]);
      await watched.close();
    });
  });

  test('a link survives a reload', async () => {
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/pay?zone=eu-1b');
    const { page } = watched;
    await page.getByRole('link', { name: 'pay-2', exact: true }).first().waitFor();
    const url = page.url();
    await page.reload();
    await page.getByRole('link', { name: 'pay-2', exact: true }).first().waitFor();
    expect(page.url()).toBe(url);
    expect(await page.getByRole('table', { name: 'Instances' }).getByRole('row').count()).toBe(3);
    await watched.close();
  });

  test('the keyboard alone finds an app, from any page', async () => {
    const watched = await openPage(browser, server.http, '/console/#/guard');
    const { page } = watched;
    await page.getByRole('heading', { name: 'Guard' }).waitFor();
    await page.getByText('rests').first().waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('invent');
    await page.getByRole('option', { name: /prod\/inventory/ }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'inventory prod' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await watched.close();
  });
});
