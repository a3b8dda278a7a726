// The pictures in docs/console/: one of each page, light and dark, and none too large for a page that shows it.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../kit/process/server-process.ts';

const folder = join(root, 'docs', 'console');
const octetsMax = 60 * 1024;

test('there is one of each page, light and dark, of at most 60 KB', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.png'));
  const pages = ['overview', 'app', 'instance', 'events', 'resolve', 'traffic', 'zones', 'guard', 'sign-in', 'api'];
  const expected = pages.flatMap((page) => ['light', 'dark'].map((scheme) => `${page}-${scheme}.png`));
  expect(files.sort()).toEqual(expected.sort());
  expect(files.filter((name) => statSync(join(folder, name)).size > octetsMax)).toEqual([]);
});
