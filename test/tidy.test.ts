// The repository checks itself: who may import whom (design §7), how long a file may be, what the pure registry must not
// touch, and what must not get into a tracked file. Imports are read from the text, since no module graph tool knows
// TypeScript 7 yet; so it is also checked that something was read.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  .toString()
  .split('\0')
  .filter((path) => path !== '')
  .flatMap((path) => {
    const text = textOf(path);
    return text === undefined ? [] : [{ path, text }];
  });
const sources = tracked.filter(({ path }) => /^src\/.*\.ts$/.test(path));
const tests = tracked.filter(({ path }) => /^test\/.*\.ts$/.test(path));

/** Undefined for what git still lists but somebody just deleted, and for binary files. */
function textOf(path: string): string | undefined {
  try {
    const text = readFileSync(join(root, path), 'utf8');
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Without comments; strings are kept or emptied. A quote inside a regular expression may hide the rest of its line. */
function codeOf(text: string, strings: 'keep' | 'empty'): string {
  return text.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (whole, string: string | undefined) => {
      if (string !== undefined && strings === 'keep') return string;
      // Line numbers stay right.
      return (string === undefined ? '' : "''") + whole.replace(/[^\n]/g, '');
    },
  );
}

interface Import {
  readonly from: string;
  /** A path below the root for our own files, else the module's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf({ path, text }: { path: string; text: string }): Import[] {
  const code = codeOf(text, 'keep');
  const statements = code.matchAll(/^[ \t]*(?:import|export)\s+(type\s)?(?:[\w*\s{},$]+\sfrom\s+)?'([^']+)'/gm);
  const calls = code.matchAll(/\b(?:import|require)\s*\(\s*'([^']+)'/g);
  const workers = code.matchAll(/\bnew URL\(\s*'([^']+\.ts)'/g);
  return [
    ...Array.from(statements, (match) => ({ to: match[2] ?? '', typeOnly: match[1] !== undefined })),
    ...Array.from(calls, (match) => ({ to: match[1] ?? '', typeOnly: false })),
    ...Array.from(workers, (match) => ({ to: match[1] ?? '', typeOnly: false })),
  ].map(({ to, typeOnly }) => ({
    from: path,
    to: to.startsWith('.') ? normalize(join(dirname(path), to)) : to,
    typeOnly,
  }));
}

/** `registry`, `dns` …, `root` for files directly in src, `npm` for modules. */
function layerOf(path: string): string {
  if (!path.startsWith('src/')) return 'npm';
  const [, folder = '', ...rest] = path.split('/');
  // The parts of config.ts lie in a folder of their own.
  return rest.length > 0 && folder !== 'config' ? folder : 'root';
}

const imports = sources.flatMap(importsOf);
const composers = ['src/app.ts', 'src/main.ts'];

/** Why an import is against the table; undefined where it is not. */
function faultOf({ from, to, typeOnly }: Import): string | undefined {
  if (composers.includes(from)) return undefined;
  const [layer, target] = [layerOf(from), layerOf(to)];
  if (layer === 'registry') {
    return target === 'registry' || to === 'node:assert' ? undefined : 'registry/ imports only itself and node:assert';
  }
  if (layer === 'client' && target !== 'client' && target !== 'npm') return 'client/ is a package of its own';
  if (target === 'npm') return to.startsWith('.') || to.includes('/../') ? 'a path outside src' : undefined;
  if (composers.includes(to)) return 'only the process starts at app.ts and main.ts';
  if (layer === target || target === 'registry') return undefined;
  if (layer === 'root') return 'files beside app.ts know no edge';
  if (target === 'root') return layer === 'cli' || typeOnly ? undefined : 'settings come in as values or types';
  return 'one edge knows nothing of another: app.ts hands over a function';
}

describe('imports', () => {
  test('something was read', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(sources.length);
    expect(imports).toContainEqual({ from: 'src/main.ts', to: 'src/app.ts', typeOnly: false });
    expect(imports).toContainEqual({ from: 'src/main.ts', to: 'src/config.ts', typeOnly: true });
  });

  test('follow the table of design §7', () => {
    const faults = imports.flatMap((one) => {
      const fault = faultOf(one);
      return fault === undefined ? [] : [`${one.from} -> ${one.to}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test.each<[string, string, boolean, boolean]>([
    ['src/registry/a.ts', 'node:fs', false, false],
    ['src/registry/a.ts', 'node:assert', false, true],
    ['src/registry/a.ts', 'src/dns/b.ts', true, false],
    ['src/registry/a.ts', 'src/config.ts', true, false],
    ['src/dns/zone-file/a.ts', 'src/registry/b.ts', false, true],
    ['src/dns/a.ts', 'src/dns/zone-file/b.ts', false, true],
    ['src/dns/a.ts', 'src/http/b.ts', true, false],
    ['src/dns/a.ts', 'dns2', false, true],
    ['src/http/a.ts', 'src/config.ts', true, true],
    ['src/http/a.ts', 'src/config.ts', false, false],
    ['src/http/a.ts', 'src/app.ts', true, false],
    ['src/cli/a.ts', 'src/config.ts', false, true],
    ['src/cli/a.ts', 'src/dns/b.ts', true, false],
    ['src/metrics/a.ts', 'src/http/b.ts', true, false],
    ['src/client/a.ts', 'src/registry/b.ts', true, false],
    ['src/client/a.ts', 'src/client/calls/b.ts', false, true],
    ['src/client/a.ts', 'cockatiel', false, true],
    ['src/cli/a.ts', 'src/client/b.ts', false, false],
    ['src/config.ts', 'src/http/b.ts', true, false],
    ['src/lease-timer.ts', 'src/registry/b.ts', false, true],
    ['src/app.ts', 'src/http/b.ts', false, true],
  ])('%s -> %s (type only: %s) is allowed: %s', (from, to, typeOnly, allowed) => {
    expect(faultOf({ from, to, typeOnly }) === undefined).toBe(allowed);
  });

  test('are read in all their forms', () => {
    const text = `
      // import { no } from './no.ts';
      import { a } from './a.ts';
      import type { B } from './b.ts';
      import c, {
        type D,
        e as f,
      } from 'c';
      import * as g from '../g.ts';
      import './h.ts';
      export { i } from './i.ts';
      export type { J } from './j.ts';
      const url = 'http://example.org'; const k = await import('./k.ts');
      new Worker(new URL('./l.ts', import.meta.url));
    `;
    const found = importsOf({ path: 'src/dns/x.ts', text }).map(
      ({ to, typeOnly }) => `${to}${typeOnly ? ' type' : ''}`,
    );
    expect(found).toEqual([
      'src/dns/a.ts',
      'src/dns/b.ts type',
      'c',
      'src/g.ts',
      'src/dns/h.ts',
      'src/dns/i.ts',
      'src/dns/j.ts type',
      'src/dns/k.ts',
      'src/dns/l.ts',
    ]);
  });
});

describe('files', () => {
  test('have at most 300 lines', () => {
    const long = [...sources, ...tests]
      .map(({ path, text }) => ({ path, lines: text.replace(/\n$/, '').split('\n').length }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });

  test('are named after one idea', () => {
    const vague = /^(utils?|helpers?|common|manager|base|types)$/i;
    const named = [...sources, ...tests].filter(({ path }) =>
      path.split('/').some((part) => vague.test(part.replace(/(\.test)?\.ts$/, ''))),
    );
    expect(named.map(({ path }) => path)).toEqual([]);
  });

  test('begin with a comment that says what they are', () => {
    const bare = [...sources, ...tests].filter(({ text }) => !/^(#![^\n]*\n)?(\/\/ \S|\/\*)/.test(text));
    expect(bare.map(({ path }) => path)).toEqual([]);
  });
});

/** `path:line: text` of every line of code that matches. */
function linesWith(files: readonly { path: string; text: string }[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, at }) => `${at}: ${line.trim()}`),
  );
}

function asCode(files: typeof sources): typeof sources {
  return files.map(({ path, text }) => ({ path, text: codeOf(text, 'empty') }));
}

describe('code', () => {
  test('in registry/ knows no clock, no chance and no process', () => {
    const pure = sources.filter(({ path }) => layerOf(path) === 'registry');
    expect(pure.length).toBeGreaterThan(5);
    const impure =
      /\b(Date|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|console|performance|process)\b/;
    // A property of that name (`change.process`) or a key of an object (`process:`) is no global.
    const found = linesWith(asCode(pure), impure).filter((line) => !/[.?]\s*process\b|\bprocess\s*[:?]/.test(line));
    expect(found).toEqual([]);
  });

  test('has no enum and no any', () => {
    expect(linesWith(asCode(sources), /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\s+\w/)).toEqual([]);
    expect(linesWith(asCode(sources), /(:\s*|\bas\s+|<|\|\s*)any\b(?!\s*[(:=])/)).toEqual([]);
  });

  test('has nothing left to do written into it', () => {
    const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
    expect(linesWith([...sources, ...tests], marks)).toEqual([]);
  });

  test('ends the process only in main.ts', () => {
    const others = sources.filter(({ path }) => path !== 'src/main.ts');
    expect(linesWith(asCode(others), /process\s*\.\s*(exit|abort|kill|reallyExit)\b/)).toEqual([]);
  });
});

describe('every tracked file', () => {
  test('is free of paths of one machine', () => {
    const machine = new RegExp(`(^|[\\s"'\`(=:,])/(${['work', 'home', 'root'].join('|')})/[\\w.-]`);
    expect(linesWith(tracked, machine)).toEqual([]);
  });

  test('is free of package registry host names', () => {
    const hosts = [
      'registry.npm' + 'js.org',
      'registry.yarn' + 'pkg.com',
      'npm.pkg.git' + 'hub.com',
      'pypi' + '.org',
      'proxy.gol' + 'ang.org',
    ];
    const known = new RegExp(hosts.map((host) => host.replaceAll('.', '\\.')).join('|'));
    expect(linesWith(tracked, known)).toEqual([]);
    const lock = tracked.find(({ path }) => basename(path) === 'package-lock.json');
    expect(lock?.text).not.toMatch(/"resolved": "https?:/);
  });
});
