// Ten thousand apps, and an app of ten thousand instances: the page draws what is in view and no more, its whole length
// can be reached by keyboard, and it goes on while all of it changes.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const many = 10_000;
const atOnce = 32;
const leaseSeconds = 3600;
/** Rows in view and those spared on both sides. */
const rowsMax = 45;
const elementsMax = 1500;

describe.skipIf(missing.length > 0)('large', () => {
  let server: ServerProcess;
  let browser: Browser;
  let api: ApiClient;

  beforeAll(async () => {
    server = await startServer();
    browser = await openBrowser();
    api = new ApiClient(server.http, atOnce);
    const queue = Array.from({ length: many }, (_, i) => i);
    const work = async (): Promise<void> => {
      for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
        const addrs = [`http://10.${i >> 12}.${(i >> 6) & 63}.${i & 63}:80`];
        const name = String(i).padStart(5, '0');
        await api.register(`prod/app-${name}/a`, addrs, { leaseSeconds });
        await api.register(`prod/crowd/c-${name}`, addrs, { leaseSeconds, version: `1.${i % 3}` });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }, 300_000);
  afterAll(async () => {
    api?.close();
    await browser?.close();
    await server?.stop();
  });

  async function elementsOf(page: Page): Promise<number> {
    return page.evaluate(() => document.querySelectorAll('*').length);
  }

  test('ten thousand apps are a short page, whose end is a key away', async () => {
    const watched = await openPage(browser, server.http, '/console/');
    const { page } = watched;
    const table = page.getByRole('table', { name: 'Apps' });
    await table.waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe(String(many + 2));
    expect(await table.getByRole('row').count()).toBeLessThan(rowsMax);
    await table.focus();
    await page.keyboard.press('End');
    await table.getByRole('link', { name: 'prod/crowd' }).waitFor();
    expect(await table.getByRole('row').count()).toBeLessThan(rowsMax);
    expect(await elementsOf(page)).toBeLessThan(elementsMax);
    await page.getByRole('searchbox', { name: 'Filter apps' }).fill('app-04242');
    await table.getByRole('link', { name: 'prod/app-04242' }).waitFor();
    expect(watched.errors).toEqual([]);
    await watched.close();
  });

  test('an app of ten thousand instances is one too, and follows its changes', async () => {
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/crowd');
    const { page } = watched;
    const table = page.getByRole('table', { name: 'Instances' });
    await table.waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe(String(many + 1));
    expect(await table.getByRole('row').count()).toBeLessThan(rowsMax);
    for (let i = 0; i < 200; i++) await api.patch(`prod/crowd/c-0${4000 + i}`, { weight: 1 });
    await api.call('POST', '/api/v1/apps/prod/crowd/c-00007/drain');
    await page.getByText(`${many - 1} of ${many} instances take traffic`).waitFor();
    await page.getByRole('searchbox', { name: 'Filter instances' }).fill('c-00007');
    await table.getByText('waiting').waitFor();
    expect(await elementsOf(page)).toBeLessThan(elementsMax);
    expect(watched.errors).toEqual([]);
    await watched.close();
  });
});
