// The files of the console in a checkout: built when a source is newer, once for all who wait, and again after a change;
// an older build goes on being served where a new one fails.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSite, type SiteState } from '../../../src/http/console/site.ts';
import { removeScratch, scratch } from '../../kit/process/scratch.ts';

let folder = '';
afterEach(() => removeScratch(folder));

interface Checkout {
  readonly site: () => Promise<SiteState>;
  readonly builds: () => number;
  /** As if edited at that second. */
  readonly edit: (second: number) => void;
  readonly pass: (ms: number) => void;
}

/** Sources of second 1000; a build takes the second it is given. */
function checkout({ fails = false }: { readonly fails?: boolean } = {}): Checkout {
  folder = scratch({ 'sources/build.ts': '', 'sources/src/main.tsx': '' });
  const sources = join(folder, 'sources');
  let [builds, nowMs] = [0, 0];
  const edit = (second: number): void => {
    for (const file of ['build.ts', 'src/main.tsx']) utimesSync(join(sources, file), second, second);
  };
  edit(1000);
  const build = async (): Promise<void> => {
    builds++;
    if (fails) throw new Error('vite is not installed');
    writeBuild(sources, `build ${builds}`, 1000 + builds);
  };
  const site = openSite({ packaged: join(folder, 'none'), sources, build, monotonicMs: () => nowMs });
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { site, builds: () => builds, edit, pass };
}

function writeBuild(sources: string, text: string, second: number): void {
  mkdirSync(join(sources, 'dist'), { recursive: true });
  const path = join(sources, 'dist', 'index.html');
  writeFileSync(path, text);
  utimesSync(path, second, second);
}

function textOf(state: SiteState): string {
  return state.kind === 'built' ? String(state.site.get('index.html')?.plain) : state.hint;
}

test('the first who asks has it built, and others wait for the same build', async () => {
  const { site, builds } = checkout();
  const states = await Promise.all([site(), site(), site()]);
  expect(states.map(textOf)).toEqual(['build 1', 'build 1', 'build 1']);
  expect(builds()).toBe(1);
});

test('what was built stays until a source is newer', async () => {
  const { site, builds, edit, pass } = checkout();
  await site();
  pass(5000);
  expect(textOf(await site())).toBe('build 1');
  edit(1002);
  pass(5000);
  expect(textOf(await site())).toBe('build 2');
  expect(builds()).toBe(2);
});

test('a build made by hand is seen', async () => {
  const { site, builds, pass } = checkout();
  await site();
  writeBuild(join(folder, 'sources'), 'by hand', 1500);
  pass(5000);
  expect(textOf(await site())).toBe('by hand');
  expect(builds()).toBe(1);
});

test('where it cannot be built, the page has the reason', async () => {
  const { site } = checkout({ fails: true });
  const state = await site();
  expect(state.kind).toBe('missing');
  expect(textOf(state)).toContain('npm ci');
  expect(textOf(state)).toContain('vite is not installed');
});

test('an older build is served where a new one fails', async () => {
  const { site } = checkout({ fails: true });
  writeBuild(join(folder, 'sources'), 'older', 900);
  expect(textOf(await site())).toBe('older');
});
