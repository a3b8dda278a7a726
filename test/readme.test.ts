// The README as the first page that people read: short, with a way to start, to find and to test, pictures for light
// and dark, a way to every other page, and no number that the measurements do not have. Its commands are typed in by
// test/docs/commands.test.ts.

import { Buffer } from 'node:buffer';
import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentText, localLinks, shellCommands, tableBelow } from './kit/cli/documents.ts';
import { root } from './kit/process/server-process.ts';

const readme = documentText('README.md');
const measurements = documentText('docs/measurements.md');

/** A page of 9 KB is read; one of 38 KB was not. */
const octetsMax = 9 * 1024;

test('is short', () => {
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(octetsMax);
});

test('starts with two sentences and a picture', () => {
  const [, first = ''] = readme.split('\n\n');
  expect(first.match(/\.(?=\s|$)/g)).toHaveLength(2);
  expect(readme.indexOf('<picture>')).toBeLessThan(readme.indexOf('## '));
  const pictures = Array.from(readme.matchAll(/<picture>(.*?)<\/picture>/gs), ([, inside = '']) => inside);
  expect(pictures).toHaveLength(4);
  for (const inside of pictures)
    expect(inside).toMatch(/prefers-color-scheme: dark[^<]*-dark\.(?:svg|png).*-light\.(?:svg|png)" alt="\S/s);
});

test('shows how to start, test, register and find; a registration that is kept alive comes first', () => {
  const commands = shellCommands('README.md').map(({ text }) => text);
  const at = (part: string) => commands.findIndex((text) => text.includes(part));
  for (const part of ['npm ci && npm start', 'npm test', 'rollcall run', 'dig @127.0.0.1', 'curl -X PUT'])
    expect({ part, at: at(part) }).not.toEqual({ part, at: -1 });
  expect(at('rollcall run')).toBeLessThan(at('curl -X PUT'));
});

test('leads to every page below docs/', () => {
  const links = new Set(localLinks(readme));
  const pages = globSync('docs/**/*.md', { cwd: root });
  expect(pages.filter((page) => !links.has(page))).toEqual([]);
});

test('has the measured speed', () => {
  const [, perSecond = ''] = tableBelow(measurements, /Queries a second/)?.find(([cell]) => cell === 'rollcall') ?? [];
  const ratios = new Map(tableBelow(measurements, /Ratios to Knot/)?.map(([what = '', ratio = '']) => [what, ratio]));
  const kinds = ['absent app', 'absent env', 'below an app', 'REFUSED'];
  const missing = kinds.map((kind) => ratios.get(`${kind}, 100,000 names`) ?? 'none').toSorted();
  const [section = ''] = /## How fast\n(.*?)\n## /s.exec(readme)?.slice(1) ?? [];
  const line = section.replaceAll(/\s+/g, ' ');
  expect(line).toContain(`${perSecond.split(' ')[0]} cached A queries a second, ${ratios.get('A')} × Knot`);
  expect(line).toContain(
    `${ratios.get('NXDOMAIN')} × Knot when asked again and ${missing[0]} to ${missing.at(-1)} × when 100,000`,
  );
  expect(line).toContain(`for the first time ${ratios.get('A, 100,000 names, for the first time (one run)')} ×`);
});
