// How the console comes to the browser: within its budget, under its policy, through a proxy that puts it below a path of
// its own, and /docs with it, whose commands run as they are.

import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../kit/http/api-client.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { run } from '../kit/process/program.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { missing, openBrowser, openPage } from './browser.ts';

const budgetOctets = 80 * 1024;
const requestsMax = 20;

describe.skipIf(missing.length > 0)('delivery', () => {
  let server: ServerProcess;
  let browser: Browser;
  beforeAll(async () => {
    server = await startServer();
    browser = await openBrowser();
    const api = new ApiClient(server.http);
    await api.register('prod/pay/pay-1', ['http://10.0.0.1:80'], { leaseSeconds: 600 });
    api.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Everything that a page names, and what that names: scripts import each other. */
  async function filesOf(page: string): Promise<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    const queue = [new URL(page, server.http)];
    for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
      if (files.has(url.href)) continue;
      const text = await (await fetch(url)).text();
      files.set(url.href, text);
      for (const [, name = ''] of text.matchAll(/["'](\.\/[\w./-]+\.(?:js|css|svg))["']/g))
        queue.push(new URL(name, url));
    }
    return files;
  }

  test('console and API pages together are at most 80 KB, zipped', async () => {
    const files = new Map([...(await filesOf('/console/')), ...(await filesOf('/docs/'))]);
    const names = new Map([...files].map(([url, text]) => [url.replace(/^.*\//, '') || url, text]));
    expect(names.size).toBeGreaterThan(5);
    const octets = [...names.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(octets).toBeLessThan(budgetOctets);
    expect(octets).toBeGreaterThan(30_000);
  });

  test('a page is a few requests', async () => {
    const watched = await openPage(browser, server.http, '/console/');
    await watched.page.getByRole('table', { name: 'Apps' }).waitFor();
    expect(watched.calls.length).toBeLessThan(requestsMax);
    await watched.close();
  });

  test('nothing inline is run, not even what a name would smuggle in', async () => {
    const api = new ApiClient(server.http);
    const evil = '<img src=x onerror="document.title=1">';
    await api.register(`prod/pay/${encodeURIComponent(evil)}`, ['http://10.0.0.2:80'], {
      version: '<b>1</b>',
      leaseSeconds: 600,
    });
    const watched = await openPage(browser, server.http, '/console/#/apps/prod/pay');
    await watched.page.getByText(evil, { exact: true }).first().waitFor();
    expect(await watched.page.locator('main img, main b').count()).toBe(0);
    const isRun = await watched.page.evaluate(() => {
      const script = document.createElement('script');
      try {
        script.textContent = 'document.body.dataset.run = "1"';
        document.body.append(script);
      } catch {
        // Trusted types refuse it before the policy does.
      }
      return document.body.dataset['run'] === '1';
    });
    expect(isRun).toBe(false);
    await watched.close();
    api.close();
  });

  test('works below a path of its own, behind a proxy', async () => {
    const prefix = '/tools/rollcall';
    const target = new URL(server.http);
    const proxy = createServer((incoming, outgoing) => {
      const { url = '', method, headers } = incoming;
      if (!url.startsWith(prefix)) return void outgoing.writeHead(404).end();
      const path = url.slice(prefix.length) || '/';
      const call = request({ host: target.hostname, port: target.port, path, method, headers }, (reply) => {
        outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(outgoing);
      });
      call.on('error', () => outgoing.destroy());
      outgoing.on('close', () => call.destroy());
      incoming.pipe(call);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const watched = await openPage(browser, base, `${prefix}/`);
    const { page } = watched;
    await page.getByRole('table', { name: 'Apps' }).waitFor();
    expect(page.url()).toBe(`${base}${prefix}/console/`);
    await page.getByText('live', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'prod/pay' }).first().click();
    await page.getByRole('link', { name: 'pay-1', exact: true }).first().click();
    await page.getByRole('button', { name: 'Drain' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drain pay-1' }).click();
    await page.getByText(/^Safe to stop/).waitFor();
    await page.getByRole('link', { name: 'API' }).click();
    await page.getByRole('heading', { name: 'rollcall API' }).waitFor();
    expect(watched.errors).toEqual([]);
    expect(watched.calls.filter((call) => !call.includes(` ${prefix}/`))).toEqual([]);
    await watched.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  const tools = requireInCi(['dig', 'curl'], 'bind9-dnsutils curl');
  test.skipIf(tools.length > 0)('the commands of /docs run as they are, in the order of a life', async () => {
    const watched = await openPage(browser, server.http, '/docs/');
    await watched.page.getByRole('heading', { name: 'rollcall API' }).waitFor();
    const titles = await watched.page.getByRole('heading', { level: 2 }).allTextContents();
    expect(titles.slice(0, 4)).toEqual(['Register', 'Find', 'Keep', 'Stop']);
    expect(titles).not.toContain('Other calls');
    const commands = await watched.page.locator('pre.example').allTextContents();
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) {
      const { code, out, err } = await run('sh', ['-c', command], { withinMs: 60_000 });
      expect({ command, code, err }).toEqual({ command, code: 0, err: '' });
      expect(out).toMatch(command.startsWith('dig') ? /status: NOERROR[\s\S]*ANSWER SECTION/ : /^\{/);
    }
    expect(watched.foreign).toEqual([]);
    await watched.close();
  });

  test('/docs has every call of the description, and its fields', async () => {
    const watched = await openPage(browser, server.http, '/docs/');
    const { page } = watched;
    await page.getByRole('heading', { name: 'rollcall API' }).waitFor();
    const { paths } = (await (await fetch(`${server.http}/openapi.json`)).json()) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, calls]) =>
      Object.keys(calls).map((verb) => `${verb.toUpperCase()}${path}`),
    );
    const shown = await page
      .locator('.call > summary')
      .evaluateAll((all) =>
        all.map((one) => `${one.querySelector('.method')?.textContent}${one.querySelector('code')?.textContent}`),
      );
    expect(shown.sort()).toEqual(described.sort());
    await page.getByText('Register or replace an instance').click();
    await page.getByRole('cell', { name: 'leaseSeconds' }).first().waitFor();
    expect(await watched.faults()).toEqual([]);
    await watched.close();
  });
});
