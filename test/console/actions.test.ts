// What an operator does on the console, done there: after a question, with a reason that is kept, and seen in DNS. What
// the token may not do is not offered, with the reason.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digShort } from '../kit/dns/dig.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { bearer, entry, secretOf } from '../kit/http/credential-world.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';
import { missing, openBrowser, openPage, type WatchedPage } from './browser.ts';

describe.skipIf(missing.length > 0)('actions', () => {
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

  const addrsOf = async (app: string) => (await digShort(server.dnsPort, `${app}.prod.svc A`)).join(' ');

  async function openInstance(path: string): Promise<WatchedPage> {
    const watched = await openPage(browser, server.http, `/console/#/apps/${path}`);
    await watched.page.getByRole('button', { name: 'Cancel' }).waitFor();
    return watched;
  }

  /** Presses the button, gives the reason, confirms. */
  async function act(page: Page, button: string, confirm: string, reason: string): Promise<void> {
    await page.getByRole('button', { name: button, exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Reason/).fill(reason);
    await dialog.getByRole('button', { name: confirm }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  async function reasonsOf(app: string): Promise<string> {
    const { json } = await api.call('GET', `/api/v1/events?app=${app}`);
    const events = json['events'] as { why: string; by?: { reason?: string } }[];
    return events.map(({ why, by }) => `${why} ${by?.reason ?? ''}`.trim()).join(', ');
  }

  test('drain counts down until it is safe to stop; up brings it back', async () => {
    await api.register('prod/drained/d-1', ['http://10.0.0.1:80'], { leaseSeconds: 600 });
    expect(await addrsOf('drained')).toBe('10.0.0.1');
    const watched = await openInstance('prod/drained/d-1');
    const { page } = watched;
    await act(page, 'Drain', 'Drain d-1', 'kernel update');
    expect(await addrsOf('drained')).toBe('');
    await page.getByText(/^Safe to stop/).waitFor();
    // The answer above may be held for its TTL, 5 s: after that it is safe without a reload.
    await page.getByText('Safe to stop', { exact: true }).waitFor();
    await act(page, 'Bring up', 'Bring d-1 up', 'done');
    expect(await addrsOf('drained')).toBe('10.0.0.1');
    await page.getByRole('button', { name: 'Drain', exact: true }).waitFor();
    expect(await reasonsOf('prod/drained')).toBe('resumed done, drained kernel update, registered');
    expect(watched.errors).toEqual([]);
    await watched.close();
  });

  test('a hold outlives the next registration, and ends here', async () => {
    await api.register('prod/held/h-1', ['http://10.0.0.7:80'], { leaseSeconds: 600 });
    const watched = await openInstance('prod/held/h-1');
    const { page } = watched;
    await page.getByRole('button', { name: 'Drain', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Stays out').selectOption('8h');
    await dialog.getByLabel(/^Reason/).fill('memory test');
    await dialog.getByRole('button', { name: 'Drain h-1' }).click();
    await page.getByText(/memory test.*even if it registers as up/).waitFor();
    await api.register('prod/held/h-1', ['http://10.0.0.7:80'], { leaseSeconds: 600, version: '2' });
    expect(await addrsOf('held')).toBe('');
    // The page has to know the new revision: a write made for the one before is refused.
    await page.getByText('2', { exact: true }).first().waitFor();
    await act(page, 'Bring up', 'Bring h-1 up', '');
    expect(await addrsOf('held')).toBe('10.0.0.7');
    await watched.close();
  });

  test('an instance that registered as waiting is brought up, one whose checks fail is not', async () => {
    await api.register('prod/shy/s-1', ['http://10.0.0.8:80'], { leaseSeconds: 600, status: 'waiting' });
    const watched = await openInstance('prod/shy/s-1');
    await act(watched.page, 'Bring up', 'Bring s-1 up', '');
    expect(await addrsOf('shy')).toBe('10.0.0.8');
    await watched.close();
    await api.register('prod/failing/s-1', ['http://127.0.0.1:1'], { checks: [{ type: 'tcp', intervalSeconds: 5 }] });
    const failing = await openInstance('prod/failing/s-1');
    expect(await failing.page.getByRole('button', { name: 'Bring up' }).isDisabled()).toBe(true);
    await failing.page.getByText(/Its checks decide/).waitFor();
    await failing.close();
  });

  test('a weight is changed, and one that is none is not', async () => {
    await api.register('prod/heavy/h-1', ['http://10.0.0.2:80'], { leaseSeconds: 600 });
    const watched = await openInstance('prod/heavy/h-1');
    const { page } = watched;
    await page.getByRole('button', { name: 'Change weight' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Weight').fill('70000');
    await dialog.getByRole('button', { name: 'Change the weight' }).click();
    expect(await dialog.getByLabel('Weight').evaluate((field: HTMLInputElement) => field.validity.rangeOverflow)).toBe(
      true,
    );
    await dialog.getByLabel('Weight').fill('20');
    await dialog.getByRole('button', { name: 'Change the weight' }).click();
    await page.getByText('20, 0').waitFor();
    expect((await api.call('GET', '/api/v1/apps/prod/heavy/h-1')).json).toMatchObject({ weight: 20 });
    await watched.close();
  });

  test('a cancel that was wrong is restored, after a dry run', async () => {
    await api.register('prod/lost/l-1', ['http://10.0.0.3:80'], { leaseSeconds: 600, version: '7' });
    const watched = await openInstance('prod/lost/l-1');
    const { page } = watched;
    await act(page, 'Cancel', 'Cancel l-1', 'wrong one');
    expect(await addrsOf('lost')).toBe('');
    await page.getByRole('heading', { name: 'Not registered' }).waitFor();
    await page.getByRole('button', { name: /^Try it/ }).click();
    await page.getByText('1 instance would be restored').waitFor();
    expect(await addrsOf('lost')).toBe('');
    await page.getByRole('button', { name: 'Restore 1 instance' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore 1 instance' }).click();
    await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor();
    expect(await addrsOf('lost')).toBe('10.0.0.3');
    // The browser itself logs that the instance was not found while it was gone.
    expect(watched.errors.filter((error) => !/404.*l-1$/.test(error))).toEqual([]);
    await watched.close();
  });

  test('a bulk mistake is undone from the events: the dry run names all of them, the others are left', async () => {
    for (const n of [1, 2, 3]) await api.register(`prod/bulk/b-${n}`, [`http://10.0.1.${n}:80`], { leaseSeconds: 600 });
    for (const n of [1, 2, 3]) await api.call('DELETE', `/api/v1/apps/prod/bulk/b-${n}?reason=oops`);
    await api.register('prod/bulk/b-3', ['http://10.0.1.9:80'], { leaseSeconds: 600 });
    const watched = await openPage(browser, server.http, '/console/#/events?app=prod%2Fbulk&why=cancelled');
    const { page } = watched;
    await page.getByRole('link', { name: 'Undo' }).first().click();
    await page.getByRole('button', { name: /^Try it/ }).click();
    await page.getByText('2 instances would be restored').waitFor();
    expect(await page.getByText('left alone', { exact: true }).count()).toBe(1);
    await page.getByRole('button', { name: 'Restore 2 instances' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restore 2 instances' }).click();
    await page.getByText('2 instances registered again').waitFor();
    expect(await digShort(server.dnsPort, 'bulk.prod.svc A')).toEqual(['10.0.1.1', '10.0.1.2', '10.0.1.9']);
    await watched.close();
  });

  test('another client was faster: nothing is done, and the dialog reports it', async () => {
    await api.register('prod/raced/r-1', ['http://10.0.0.4:80'], { leaseSeconds: 600 });
    const watched = await openInstance('prod/raced/r-1');
    const { page } = watched;
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await api.patch('prod/raced/r-1', { version: '2' });
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Cancel r-1' }).click();
    await dialog.getByRole('alert').waitFor();
    expect((await api.call('GET', '/api/v1/apps/prod/raced/r-1')).status).toBe(200);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await watched.close();
  });

  test('what the token may not do is not offered again, with the reason', async () => {
    await api.register('prod/guarded/g-1', ['http://10.0.0.5:80'], { leaseSeconds: 600 });
    const watched = await openInstance('prod/guarded/g-1');
    const { page } = watched;
    const detail = 'The token reader may not operate on prod/guarded: it lacks the right "operate".';
    const body = JSON.stringify({ type: 'urn:rollcall:problem:forbidden', title: 'Forbidden', status: 403, detail });
    await page.route('**/drain*', (route) =>
      route.fulfill({ status: 403, contentType: 'application/problem+json', body }),
    );
    await page.getByRole('button', { name: 'Drain', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Drain g-1' }).click();
    await dialog.getByText(detail).waitFor();
    await page.keyboard.press('Escape');
    await until('the button being off', () => page.getByRole('button', { name: 'Drain', exact: true }).isDisabled());
    expect(await page.getByRole('button', { name: 'Drain', exact: true }).getAttribute('aria-describedby')).toBe(
      'why-not-drain',
    );
    expect(await page.locator('#why-not-drain').textContent()).toBe(detail);
    expect(await page.getByRole('button', { name: 'Cancel', exact: true }).isDisabled()).toBe(false);
    await watched.close();
  });

  test('a credential that reads one app is shown that app, and no action that it may not do', async () => {
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const text =
      entry('owner', '{ rights: [admin] }') +
      entry('viewer', '{ rights: [read], env: prod, app: orders }', `, expires: "${end}"`);
    const own = await startServer({ files: { 'tokens.yaml': text }, args: ['--token-file', 'tokens.yaml'] });
    const owner = new ApiClient(own.http);
    for (const place of ['prod/orders/o-1', 'prod/pay/p-1'])
      await owner.call('PUT', `/api/v1/apps/${place}`, {
        body: { addrs: ['http://10.0.0.1:80'], leaseSeconds: 600 },
        headers: bearer('owner'),
      });
    const watched = await openPage(browser, own.http, '/console/#/sign-in');
    const { page } = watched;
    await page.getByLabel('Token').fill(secretOf('viewer'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('prod/orders.', { exact: false }).first().waitFor();
    const apps = page.getByRole('table', { name: 'Apps' });
    await apps.getByRole('link', { name: 'prod/orders' }).waitFor();
    expect(await apps.getByRole('row').count()).toBe(2);
    watched.errors.length = 0;
    await page.getByRole('link', { name: 'viewer' }).click();
    await page.getByRole('heading', { name: 'Who you are' }).waitFor();
    expect(await page.locator('main time').first().getAttribute('datetime')).toBe(end);
    await page.goto(`${own.http}/console/#/apps/prod/orders/o-1`);
    await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor();
    for (const name of ['Drain', 'Change weight', 'Cancel'])
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    await page.locator('#why-not-cancel').getByText('register').waitFor();
    await page.goto(`${own.http}/console/#/traffic`);
    await page.getByText('may read all apps').waitFor();
    // What it may not read was not asked for: the browser would have logged it.
    expect(watched.errors).toEqual([]);
    expect(await watched.faults()).toEqual([]);
    await watched.close();
    owner.close();
    await own.stop();
  });

  test('copies the command that asks DNS', async () => {
    await api.register('prod/copied/c-1', ['http://10.0.0.6:80'], { leaseSeconds: 600 });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/copied', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const { page } = watched;
    const command = `dig @127.0.0.1 -p ${server.dnsPort} copied.prod.svc A`;
    await page
      .getByRole('button', { name: `Copy: ${command}` })
      .first()
      .click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(command);
    await watched.close();
  });
});
