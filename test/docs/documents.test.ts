// What holds for every document: links lead somewhere, a block that looks like commands is run or has the reason why not, pictures
// are whole and the same in light and dark, decisions come newest first, and the design keeps the sections that code cites.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, blocksOf, documentPaths, documentText, localLinks, shellCommands } from '../kit/cli/documents.ts';
import { root } from '../kit/process/server-process.ts';

const paths = documentPaths();

describe.each(paths)('%s', (path) => {
  const text = documentText(path);

  test('its links lead to files and headings that there are', () => {
    const broken = localLinks(text).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(path, '..', file));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(documentText(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('it has no half of a merge in it', () => expect(text).not.toMatch(/^(<{7}|={7}$|>{7}) ?/m));

  test('its commands are in blocks that are run, or have the reason why not', () => {
    const command =
      /^\s*(\$ |[A-Z_]+=\S+ |sudo |curl |dig |npm |npx |node |rollcall |docker |systemctl |sqlite3 |cp |kill )/;
    const faults = blocksOf(path, text).filter(({ language, notRun, lines }) => {
      if (['bash', 'shell', 'console', ''].includes(language)) return notRun === undefined;
      return language !== 'sh' && notRun === undefined && lines.some((line) => command.test(line));
    });
    expect(faults.map(({ at }) => at)).toEqual([]);
  });
});

test('a block that is not run is left out, and one without a reason is not', () => {
  const text = [
    '<!-- not run: no engine -->',
    '```sh',
    "echo 'open",
    '```',
    '  ```sh',
    '  # words',
    '  true',
    '  ```',
  ].join('\n');
  expect(blocksOf('a.md', text).map(({ notRun }) => notRun)).toEqual(['no engine', undefined]);
  expect(shellCommands('a.md', text)).toEqual([{ at: 'a.md:7', text: 'true' }]);
  expect(() => shellCommands('a.md', "```sh\necho 'open\n```")).toThrow('a.md:2');
  expect(() => shellCommands('a.md', '```sh\ntrue')).toThrow('a.md:1');
});

describe('pictures', () => {
  const pictures = globSync('docs/*-light.svg', { cwd: root }).sort();
  const without = (svg: string) => svg.replaceAll(/#[0-9a-f]{6}\b/g, '#');

  test('there are some', () => {
    expect(pictures.length).toBeGreaterThan(2);
    expect(globSync('docs/*.svg', { cwd: root }).length).toBe(2 * pictures.length);
  });

  test.each(pictures)('%s differs from its dark twin in colours alone, requests nothing, and has a title', (path) => {
    const light = readFileSync(join(root, path), 'utf8');
    const dark = readFileSync(join(root, path.replace('-light', '-dark')), 'utf8');
    expect(without(dark)).toBe(without(light));
    expect(dark).not.toBe(light);
    expect(light).toMatch(/<title id="title">\S/);
    expect(light.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<image|@import/);
  });
});

test('decisions have dates, the newest first, and none is from before the project', () => {
  const dates = Array.from(documentText('docs/decisions.md').matchAll(/^## (.*)$/gm), ([, date = '']) => date);
  expect(dates.length).toBeGreaterThan(1);
  for (const date of dates) expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
  expect(dates).toEqual(dates.toSorted().reverse());
  expect(new Set(dates).size).toBe(dates.length);
});

test('the design has every section that code cites', () => {
  const sections = Array.from(documentText('docs/design.md').matchAll(/^## (\d+)\. /gm), ([, number = '']) => number);
  expect(sections).toEqual(sections.map((_, index) => String(index + 1)));
  const files = globSync('{src,test}/**/*.ts', { cwd: root });
  const cited = files.flatMap((file) =>
    Array.from(
      readFileSync(join(root, file), 'utf8').matchAll(/\bdesign(?:\.md)? §(\d+)/gi),
      ([, number = '']) => number,
    ),
  );
  expect(cited.length).toBeGreaterThan(5);
  expect([...new Set(cited)].filter((number) => !sections.includes(number))).toEqual([]);
});
