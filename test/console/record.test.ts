// The record of changes on the console: an app as it was and what differs since, events as they happen and as far back as
// they are filtered.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const leaseSeconds = 600;

describe.skipIf(missing.length > 0)('record', () => {
  let server: ServerProcess;
  let browser: Browser;
  let api: ApiClient;

  beforeAll(async () => {
    server = await startServer();
    browser = await openBrowser();
    api = new ApiClient(server.http);
  });
  afterAll(async () => {
    api?.close();
    await browser?.close();
    await server?.stop();
  });

  test('steps back over a change, compares with now, and the link keeps both', async () => {
    await api.register('prod/orders/stays', ['http://10.0.0.1:80'], { leaseSeconds, version: '1.0' });
    await api.register('prod/orders/goes', ['http://10.0.0.2:80'], { leaseSeconds });
    await api.patch('prod/orders/stays', { version: '2.0' });
    await api.call('DELETE', '/api/v1/apps/prod/orders/goes');
    await api.register('prod/orders/comes', ['http://10.0.0.3:80'], { leaseSeconds });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/orders');
    const { page } = watched;
    const table = page.getByRole('table', { name: 'Instances' });
    await table.getByRole('link', { name: 'comes' }).waitFor();
    const back = page.getByRole('button', { name: 'Before the last change' });
    await back.click();
    await table.getByRole('link', { name: 'comes' }).waitFor({ state: 'detached' });
    await back.click();
    await table.getByRole('link', { name: 'goes' }).waitFor();
    await back.click();
    await table.getByText('1.0', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Compare with now' }).click();
    const difference = page.locator('.comparison');
    await difference.getByText('version: 1.0 → 2.0').waitFor();
    const compare = async () =>
      (await difference.getByRole('listitem').allTextContents()).map((text) => text.split(' ', 2).join(' '));
    const expected = ['added comes', 'changed stays', 'gone goes'];
    expect((await compare()).sort()).toEqual(expected);
    await page.reload();
    await difference.getByText('version: 1.0 → 2.0').waitFor();
    expect((await compare()).sort()).toEqual(expected);
    await page.getByRole('button', { name: 'Now', exact: true }).click();
    await table.getByText('2.0', { exact: true }).waitFor();
    expect(watched.errors).toEqual([]);
    await watched.close();
  });

  test('events come while they happen, those that the filter wants', async () => {
    await api.register('prod/seen/first', ['http://10.0.1.1:80'], { leaseSeconds });
    const watched = await openPage(
      browser,
      server.http,
      '/console/#/events?app=prod%2Fseen&why=registered%2Ccancelled',
    );
    const { page } = watched;
    const table = page.getByRole('table', { name: 'Events' });
    await table.getByRole('link', { name: 'first' }).waitFor();
    await page.getByText('live', { exact: true }).waitFor();
    await api.register('prod/unseen/other', ['http://10.0.1.2:80'], { leaseSeconds });
    await api.patch('prod/seen/first', { weight: 3 });
    await api.call('DELETE', '/api/v1/apps/prod/seen/first?reason=gone+for+good');
    await table.getByText('gone for good').waitFor();
    // The head, and two of the four.
    expect(await table.getByRole('row').count()).toBe(3);
    await page.getByRole('searchbox', { name: 'By, or reason' }).fill('for good');
    await table.getByRole('link', { name: 'first' }).waitFor();
    expect(await table.getByRole('row').count()).toBe(2);
    expect(watched.errors).toEqual([]);
    await watched.close();
  });

  test('older events are read on demand', async () => {
    for (let i = 0; i < 510; i++)
      await api.call('PATCH', '/api/v1/apps/prod/orders/stays', {
        body: { weight: i },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
    const { page, close } = await openPage(browser, server.http, '/console/#/events?app=prod%2Forders');
    const table = page.getByRole('table', { name: 'Events' });
    await table.waitFor();
    const rows = async () => Number(await table.getAttribute('aria-rowcount'));
    expect(await rows()).toBe(501);
    await page.getByRole('button', { name: 'Older ones' }).click();
    await page.getByRole('button', { name: 'Older ones' }).waitFor({ state: 'detached' });
    expect(await rows()).toBe(516);
    await close();
  });
});
