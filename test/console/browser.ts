// Chromium as a person has it, without a window: playwright-core drives the one that is installed. Every page is watched:
// errors in its console, requests to other servers, faults that axe finds. Each browser has a new, empty profile.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { pathOf, requireInCi } from '../kit/process/installed.ts';

/** For `describe.skipIf(missing.length > 0)`; in CI a missing browser is an error. */
export const missing = requireInCi(['chromium'], 'chromium');

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: pathOf('chromium') ?? 'chromium', headless: true, args: flags });
}

/** Busy machines draw late. */
const patienceMs = 45_000;

export interface WatchedPage {
  readonly page: Page;
  /** Errors that the page has logged on its console, and uncaught exceptions. */
  readonly errors: string[];
  /** Requests to any other server than the one given. */
  readonly foreign: string[];
  /** What was asked of the server, as `GET /api/v1/apps`. */
  readonly calls: string[];
  /** What axe finds against WCAG 2.2 A and AA: rule and element. */
  faults(): Promise<string[]>;
  /** The sum of layout shifts that no input has caused, as Chrome counts them. */
  layoutShift(): Promise<number>;
  close(): Promise<void>;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Opens a page of a server, such as `/console/#/events`. `base` has no slash at its end. */
export async function openPage(
  browser: Browser,
  base: string,
  path: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  const errors: string[] = [];
  const foreign: string[] = [];
  const calls: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => errors.push(String(error.stack)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== new URL(base).origin) foreign.push(url.href);
    calls.push(`${request.method()} ${url.pathname}`);
  });
  await page.addInitScript(() => {
    const shifts = { sum: 0 };
    Object.assign(globalThis, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[])
        if (!entry.hadRecentInput) shifts.sum += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(`${base}${path}`);
  return {
    page,
    errors,
    foreign,
    calls,
    faults: () => faultsOf(page),
    layoutShift: () => page.evaluate(() => (globalThis as unknown as { shifts: { sum: number } }).shifts.sum),
    close: () => context.close(),
  };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** The policy of the page forbids scripts of others, so axe comes by the debugger, which it does not bind. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { violations } = (await page.evaluate(
    `axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(tags)} } })`,
  )) as AxeResult;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id}: ${html} ${failureSummary}`),
  );
}
