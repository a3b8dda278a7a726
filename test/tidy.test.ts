// The repository checks itself: who may import whom (design §7), how long a file may be, what the pure registry must not
// touch, and what must not get into a tracked file. Imports are read from the text, since no module graph tool knows
// TypeScript 7 yet; so it is also checked that something was read.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { entrances } from './entrances.ts';

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

/** Undefined for what git still lists but was just deleted, and for binary files. */
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

/** The room of a file: `registry`, `dns/zone`, `http` …; `root` for files directly in src, `npm` for modules. */
function roomOf(path: string): string {
  if (!path.startsWith('src/')) return 'npm';
  const [, folder = '', ...rest] = path.split('/');
  if (rest.length === 0) return 'root';
  return folder === 'dns' ? `dns/${rest[0]}` : folder;
}

const imports = sources.flatMap(importsOf);

/** Each rung of the DNS side imports only those before it. */
const dnsLadder = ['message', 'zone', 'zone-file', 'services', 'server', 'transport', 'plane'].map((x) => `dns/${x}`);

/** Which rooms a room may import from besides itself (docs/design.md §7). `app` and `root` may import all. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  model: ['runtime'],
  config: ['model', 'runtime'],
  registry: ['model', 'runtime'],
  history: ['model', 'registry', 'runtime'],
  control: ['model', 'registry', 'history', 'runtime'],
  http: ['model', 'control', 'runtime'],
  store: ['model', 'history', 'runtime'],
  health: ['model', 'runtime'],
  metrics: ['model', 'runtime'],
  cluster: ['model', 'runtime'],
  bridges: ['model', 'runtime'],
  client: ['model', 'runtime'],
  cli: ['model', 'config', 'client', 'bridges', 'runtime'],
  ...Object.fromEntries(dnsLadder.map((room, rung) => [room, ['model', 'runtime', ...dnsLadder.slice(0, rung)]])),
};

/** Rooms without I/O: of node's own modules they may have `node:assert` alone. */
const pureRooms = ['model', 'registry'];

/** Why an import is against the table; undefined where it is not. */
function faultOf({ from, to }: Pick<Import, 'from' | 'to'>): string | undefined {
  const [room, target] = [roomOf(from), roomOf(to)];
  if (target === 'npm') {
    if (to.startsWith('.') || to.includes('/../')) return 'a path outside src';
    const isPure = pureRooms.includes(room);
    return isPure && to !== 'node:assert' ? `${room} is pure: of modules only node:assert` : undefined;
  }
  if (room === target || room === 'app' || room === 'root') return undefined;
  const rooms = allowed[room];
  if (rooms === undefined) return `${room} is not in the table`;
  return rooms.includes(target) ? undefined : `${room} may import from ${rooms.join(', ') || 'nothing'}`;
}

/** The files of the first circle that is met; none: empty. */
function circleIn(edges: readonly Pick<Import, 'from' | 'to'>[]): string[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const left = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (left.has(file)) return [];
    path.push(file);
    for (const { to } of targets.get(file) ?? []) {
      const circle = walk(to);
      if (circle.length > 0) return circle;
    }
    path.pop();
    left.add(file);
    return [];
  };
  return [...targets.keys()].map(walk).find((circle) => circle.length > 0) ?? [];
}

/** The two folders between which an import goes, where they part; none where one file lies beside or above the other. */
function betweenFolders({ from, to }: Pick<Import, 'from' | 'to'>): { from: string; to: string }[] {
  const [steps, others] = [from.split('/').slice(0, -1), to.split('/').slice(0, -1)];
  const parting = steps.findIndex((step, place) => step !== others[place]);
  if (parting < 0 || others.length <= parting) return [];
  return [{ from: steps.slice(0, parting + 1).join('/'), to: others.slice(0, parting + 1).join('/') }];
}

describe('imports', () => {
  test('something was read', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(sources.length);
    expect(imports).toContainEqual({ from: 'src/main.ts', to: 'src/app/app.ts', typeOnly: false });
    expect(imports).toContainEqual({ from: 'src/main.ts', to: 'src/config/config.ts', typeOnly: true });
  });

  test('load the cluster only where there is one: gRPC takes its time', () => {
    const into = imports.filter(({ to, typeOnly }) => !typeOnly && to.startsWith('src/cluster/'));
    const from = into.map((one) => one.from).filter((path) => !path.startsWith('src/cluster/'));
    expect(new Set(from)).toEqual(new Set(['src/app/cluster-link.ts']));
    const link = sources.filter(({ text }) => /^import (?!type)[^;]*cluster-link\.ts'/m.test(text));
    expect(link.map(({ path }) => path)).toEqual([]);
  });

  test('follow the table of design §7', () => {
    const faults = imports.flatMap((one) => {
      const fault = faultOf(one);
      return fault === undefined ? [] : [`${one.from} -> ${one.to}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test('from outside a room name its entrances, and each of these is needed', () => {
    const used = new Map(Object.keys(entrances).map((room) => [room, new Set<string>()]));
    for (const { from, to } of imports)
      if (roomOf(from) !== roomOf(to)) used.get(roomOf(to))?.add(to.slice(`src/${roomOf(to)}/`.length, -'.ts'.length));
    for (const [room, files] of used) expect([room, [...files].sort()]).toEqual([room, entrances[room]?.toSorted()]);
    const open = ['model', 'runtime', 'dns/message', 'app', 'root'];
    expect(new Set(sources.map(({ path }) => roomOf(path)))).toEqual(new Set([...Object.keys(entrances), ...open]));
  });

  test('have no circles, of types neither', () => {
    expect(circleIn(imports)).toEqual([]);
    const circle = [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'b'],
      ['c', 'd'],
    ] as const;
    expect(circleIn(circle.map(([from, to]) => ({ from, to })))).toEqual(['b', 'c', 'b']);
  });

  test('go one way between folders, however deep they lie', () => {
    expect(circleIn(imports.flatMap(betweenFolders))).toEqual([]);
    const into = { from: 'src/a/x/y/1.ts', to: 'src/a/z/2.ts' };
    expect(betweenFolders(into)).toEqual([{ from: 'src/a/x', to: 'src/a/z' }]);
    expect(betweenFolders({ from: 'src/a/1.ts', to: 'src/a/z/2.ts' })).toEqual([]);
  });

  test.each<[string, string, boolean]>([
    ['src/registry/a.ts', 'node:fs', false],
    ['src/registry/a.ts', 'node:assert', true],
    ['src/registry/a.ts', 'src/model/b.ts', true],
    ['src/registry/a.ts', 'src/dns/zone/b.ts', false],
    ['src/model/a.ts', 'src/registry/b.ts', false],
    ['src/dns/zone-file/a.ts', 'src/dns/zone/b.ts', true],
    ['src/dns/zone/a.ts', 'src/dns/zone-file/b.ts', false],
    ['src/dns/server/a.ts', 'src/registry/b.ts', false],
    ['src/dns/server/a.ts', 'src/http/api/b.ts', false],
    ['src/dns/server/a.ts', 'dns2', true],
    ['src/http/api/a.ts', 'src/control/b.ts', true],
    ['src/http/api/a.ts', 'src/registry/b.ts', false],
    ['src/http/a.ts', 'src/config/config.ts', false],
    ['src/http/a.ts', 'src/app/app.ts', false],
    ['src/cli/a.ts', 'src/config/config.ts', true],
    ['src/cli/a.ts', 'src/client/b.ts', true],
    ['src/cli/a.ts', 'src/bridges/b.ts', true],
    ['src/bridges/a.ts', 'src/client/b.ts', false],
    ['src/cli/a.ts', 'src/dns/zone/b.ts', false],
    ['src/metrics/a.ts', 'src/http/b.ts', false],
    ['src/client/a.ts', 'src/model/b.ts', true],
    ['src/client/a.ts', 'src/registry/b.ts', false],
    ['src/client/a.ts', 'cockatiel', true],
    ['src/runtime/a.ts', 'src/model/b.ts', false],
    ['src/attic/a.ts', 'src/model/b.ts', false],
    ['src/app/a.ts', 'src/http/b.ts', true],
  ])('%s -> %s is allowed: %s', (from, to, isAllowed) => {
    expect(faultOf({ from, to }) === undefined).toBe(isAllowed);
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

function lineCount(text: string): number {
  return text.replace(/\n$/, '').split('\n').length;
}

/** Where worker threads begin: named as URLs, and commands of the command line, which are imported by a variable name. */
function threads(): string[] {
  const named = sources.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/new URL\('([^']+\.ts)'/g), ([, to = '']) => normalize(join(dirname(path), to))),
  );
  return [...named, ...sources.map(({ path }) => path).filter((path) => path.startsWith('src/cli/commands/'))];
}

/** Small files with one importer that stand apart for a reason: what a test of their own runs alone. */
const awaiting = new Set(['src/cluster/records/hlc.ts', 'src/dns/plane/thread-priority.ts']);

/** Words of the API that `rollcall/client` shares with the server: what a program registers, and what it finds. */
const sharedNames = new Set(['Instance', 'Registration']);

/** Names of exported types by the files that export them. */
function exportedTypes(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { path, text } of sources)
    for (const [, name = ''] of text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm))
      found.set(name, (found.get(name) ?? new Set()).add(path));
  return found;
}

describe('files', () => {
  test('have at most 400 lines', () => {
    const long = [...sources, ...tests]
      .map(({ path, text }) => ({ path, lines: lineCount(text) }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });

  test('of under 25 lines have two importers, or are where a process, a thread or a package begins', () => {
    const importers = new Map<string, number>();
    for (const { to } of imports) importers.set(to, (importers.get(to) ?? 0) + 1);
    const begins = new Set([...threads(), 'src/main.ts', 'src/client/client.ts']);
    const small = sources.filter(({ path, text }) => lineCount(text) < 25 && !begins.has(path) && !awaiting.has(path));
    expect(small.length).toBeGreaterThan(0);
    expect(small.map(({ path }) => path).filter((path) => (importers.get(path) ?? 0) < 2)).toEqual([]);
  });

  test('export no type under a name that another file exports', () => {
    const twice = [...exportedTypes()].filter(([, paths]) => paths.size > 1).map(([name]) => name);
    expect(twice.filter((name) => !sharedNames.has(name))).toEqual([]);
    expect([...sharedNames].filter((name) => !twice.includes(name))).toEqual([]);
  });

  test('are named after one idea', () => {
    const vague = /^(utils?|helpers?|common|manager|base|types)$/i;
    const named = [...sources, ...tests].filter(({ path }) =>
      path.split('/').some((part) => vague.test(part.replace(/(\.test)?\.ts$/, ''))),
    );
    expect(named.map(({ path }) => path)).toEqual([]);
  });

  test('begin with a comment on what they are', () => {
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
  test('in registry/ and model/ knows no clock, no chance and no process', () => {
    const pure = sources.filter(({ path }) => pureRooms.includes(roomOf(path)));
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
