// How smooth the console is with ten thousand apps and an app of ten thousand instances: until its table is there, and how
// long frames take while it scrolls from end to end. `npm run bench -- console`.

import type { Browser } from 'playwright-core';
import { printTable } from '../bench/table.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { startServer } from '../kit/process/server-process.ts';
import { openBrowser, openPage } from './browser.ts';

const many = 10_000;
const atOnce = 32;
const leaseSeconds = 3600;
const steps = 200;

interface Measured {
  readonly shownMs: number;
  readonly frames: readonly number[];
  readonly elements: number;
  readonly heapMegabytes: number;
}

async function register(api: ApiClient): Promise<void> {
  const queue = Array.from({ length: many }, (_, i) => i);
  const work = async (): Promise<void> => {
    for (let i = queue.pop(); i !== undefined; i = queue.pop()) {
      const addrs = [`http://10.${i >> 12}.${(i >> 6) & 63}.${i & 63}:80`];
      await api.register(`prod/app-${i}/a`, addrs, { leaseSeconds });
      await api.register(`prod/crowd/c-${i}`, addrs, { leaseSeconds, version: `1.${i % 3}` });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

async function measure(browser: Browser, base: string, path: string, table: string): Promise<Measured> {
  const { page, close } = await openPage(browser, base, path);
  const list = page.getByRole('table', { name: table });
  await list.waitFor();
  const shownMs = await page.evaluate(() => performance.now());
  // A frame is what passes between two of the browser's calls to draw, a step of the list in each.
  const frames = await list.evaluate(async (element, count) => {
    const drawn = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const passed: number[] = [];
    let before = await drawn();
    for (let i = 1; i <= count; i++) {
      element.scrollTop = (element.scrollHeight * i) / count;
      const now = await drawn();
      passed.push(now - before);
      before = now;
    }
    return passed;
  }, steps);
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  const heap = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  await close();
  return { shownMs, frames: frames.sort((a, b) => a - b), elements, heapMegabytes: heap / 1e6 };
}

const server = await startServer();
const api = new ApiClient(server.http, atOnce);
await register(api);
const browser = await openBrowser();
const rows: string[][] = [];
for (const [name, path, table] of [
  ['10 000 apps', '/console/', 'Apps'],
  ['an app of 10 000 instances', '/console/#/apps/prod/crowd', 'Instances'],
] as const) {
  // The first one has the files compiled.
  await measure(browser, server.http, path, table);
  const { shownMs, frames, elements, heapMegabytes } = await measure(browser, server.http, path, table);
  const at = (share: number) => `${(frames[Math.floor(share * (frames.length - 1))] ?? 0).toFixed(1)} ms`;
  rows.push([
    name,
    `${shownMs.toFixed(0)} ms`,
    at(0.5),
    at(0.99),
    at(1),
    String(elements),
    `${heapMegabytes.toFixed(0)} MB`,
  ]);
}
printTable(['page', 'table shown after', 'frame, median', 'p99', 'longest', 'elements', 'heap'], rows);
await browser.close();
api.close();
await server.stop();
