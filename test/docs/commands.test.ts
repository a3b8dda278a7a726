// What the documents promise, tried: every command of their `sh` blocks is typed in against a server that `npm start`
// brought up in a copy of the repository. One mechanism for the README, docs/ and deploy/. Commands that would install,
// test or measure everything again are recognised and looked at instead.

import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Command, documentPaths, shellCommands } from '../kit/cli/documents.ts';
import { requireInCi } from '../kit/process/installed.ts';
import { cleanEnvironment, pathWithNode, run } from '../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../kit/process/scratch.ts';
import { root, type ServerProcess, startServer } from '../kit/process/server-process.ts';

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** The repository, with what commands may change as a copy and the rest as it is. */
function copyOfRepository(): string {
  const directory = scratch();
  for (const entry of readdirSync(root)) {
    if (['.git', 'data', 'coverage'].includes(entry)) continue;
    if (['zones', 'docs'].includes(entry)) cpSync(join(root, entry), join(directory, entry), { recursive: true });
    else symlinkSync(join(root, entry), join(directory, entry));
  }
  return directory;
}

/** `npm ci && npm start`, `npm test`: would do again what has been done for this test to run. */
function isAboutAll(command: string): boolean {
  const about = /^npm (ci|install|start|test( .*)?|run (?!rollcall\b)[\w-]+( .*)?)$/;
  return partsOf(command).every((part) => about.test(part));
}

function partsOf(command: string): string[] {
  return command.split('&&').map((part) => part.trim().replace(/\s+#.*$/, ''));
}

/** That such a command would work, as far as that can be seen. */
function checkAboutAll(command: string): void {
  for (const part of partsOf(command)) {
    const [, verb = '', script = ''] = part.split(' ');
    if (verb === 'ci' || verb === 'install') checkLock();
    else checkScript(verb === 'run' ? script : verb);
  }
}

/**
 * What is typed in: with the ports of the server under test, and a free one for a program beside it; a second server is
 * only asked whether it would start.
 */
function asTyped(command: string, { httpPort, dnsPort }: ServerProcess, programPort: number): string {
  const text = command.replaceAll(/\b7171\b/g, String(httpPort)).replaceAll(/\b8053\b/g, String(dnsPort));
  return text
    .replaceAll(/\b8000\b/g, String(programPort))
    .replace(/\bnpm start( --)?/, 'npm run --silent rollcall -- config')
    .replace(/\brollcall serve\b/, 'rollcall config');
}

/** What `npm ci` refuses: a lock file that does not fit the manifest. */
function checkLock(): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Manifest>;
  };
  const { dependencies, optionalDependencies, devDependencies } = lock.packages[''] as Manifest;
  expect({ dependencies, optionalDependencies, devDependencies }).toEqual({
    dependencies: manifest.dependencies,
    optionalDependencies: manifest.optionalDependencies,
    devDependencies: manifest.devDependencies,
  });
}

function checkScript(name: string): void {
  const script = manifest.scripts[name];
  expect({ name, script }).toEqual({ name, script: expect.any(String) });
  for (const file of script?.match(/\b[\w/-]+\.ts\b/g) ?? [])
    expect({ file, is: existsSync(join(root, file)) }).toEqual({ file, is: true });
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the commands in one shell, one after the other, though some fail. */
async function typed(commands: readonly string[], cwd: string): Promise<Outcome[]> {
  const notes = scratch();
  const lines = commands.flatMap((text, index) => {
    const note = join(notes, String(index));
    return ['{', text, `} >'${note}.out' 2>'${note}.err' </dev/null`, `echo $? >'${note}.code'`];
  });
  const env = cleanEnvironment({ PATH: pathWithNode(join(root, 'node_modules', '.bin')) });
  const { code, err } = await run('sh', [], { cwd, env, input: `${lines.join('\n')}\n`, withinMs: 110_000 });
  const read = (index: number, kind: string): string => {
    const path = join(notes, `${index}.${kind}`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const outcomes = commands.map((_, index) => ({
    code: Number(read(index, 'code').trim() || Number.NaN),
    out: read(index, 'out'),
    err: read(index, 'err'),
  }));
  removeScratch(notes);
  if (code !== 0) throw new Error(`the shell ended with ${code}: ${err}`);
  return outcomes;
}

const missing = requireInCi(['sh', 'bash', 'npm', 'curl', 'dig', 'python3'], 'curl bind9-dnsutils python3');

/** A document with commands in it, and what became of those that were typed in. */
interface Trial {
  readonly path: string;
  readonly commands: readonly Command[];
  readonly outcomes: Promise<ReadonlyMap<string, Outcome>>;
}

/** Each has a server of its own, and most of their time is spent in waiting: so many at once. */
const trialsAtOnce = 3;

function trialsOf(paths: readonly string[]): Trial[] {
  const turns = Array.from({ length: trialsAtOnce }, () => Promise.resolve());
  return paths
    .map((path) => ({ path, commands: shellCommands(path) }))
    .filter(({ commands }) => commands.length > 0)
    .map(({ path, commands }, index) => {
      const turn = index % trialsAtOnce;
      const outcomes = (turns[turn] as Promise<void>).then(() => tried(commands));
      turns[turn] = outcomes.then(
        () => undefined,
        () => undefined,
      );
      return { path, commands, outcomes };
    });
}

/** By the place of the command in its document. */
async function tried(commands: readonly Command[]): Promise<ReadonlyMap<string, Outcome>> {
  const directory = copyOfRepository();
  const npm = ['npm', 'start', '--'] as const;
  // What documents show beside the defaults.
  const shown = { ROLLCALL_ADAPTERS: 'consul', ROLLCALL_CONSUL_DOMAIN: 'consul' };
  const env = { PATH: pathWithNode(join(root, 'node_modules', '.bin')), ...shown };
  const server = await startServer({ directory, command: npm, zones: 'zones', data: 'data', env });
  try {
    const programPort = await freePort();
    const own = commands.filter(({ text }) => !isAboutAll(text));
    const lines = own.map(({ text }) => asTyped(text, server, programPort));
    const outcomes = await typed(lines, directory);
    return new Map(own.map(({ at }, index) => [at, outcomes[index] as Outcome]));
  } finally {
    await server.stop();
    removeScratch(directory);
  }
}

const trials = missing.length > 0 ? [] : trialsOf(documentPaths());
// A failure is reported by the document's own test, which may run later.
for (const { outcomes } of trials) outcomes.catch(() => undefined);

test.skipIf(missing.length > 0)('there are documents with commands', () => {
  expect(trials.length).toBeGreaterThan(10);
});

describe.each(trials)('$path, typed in', ({ commands, outcomes }) => {
  let results: ReadonlyMap<string, Outcome>;

  beforeAll(async () => {
    results = await outcomes;
  }, 300_000);

  test.each(commands.map(({ at, text }) => ({ at, text, line: text.split('\n')[0] })))('$at $line', ({ at, text }) => {
    if (isAboutAll(text)) {
      checkAboutAll(text);
      return;
    }
    const outcome = results.get(at) as Outcome;
    expect({ text, ...outcome }).toMatchObject({ text, code: 0 });
    if (/\b(curl|dig)\b/.test(text)) expect({ text, out: outcome.out.trim() }).not.toEqual({ text, out: '' });
    expect(outcome.out).not.toContain('urn:rollcall:problem');
  });
});
