// Clients of other registries in their own languages, fetched by the tools of those languages into a folder that goes
// with the tests. Without the tool, or where its registry cannot be reached, a test is skipped with a note; in CI it fails.

import { copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { requireInCi } from '../process/installed.ts';
import { cleanEnvironment, type Program, run, start } from '../process/program.ts';
import { scratch } from '../process/scratch.ts';
import { root } from '../process/server-process.ts';
import { type Patience, until } from '../process/until.ts';

/** Fetched, and how to run a program with it; or why it is not there. */
export type Fetched = { readonly missing: string } | { readonly command: readonly [string, ...string[]] };

const fetchMs = 110_000;
const slowMs = 900_000;
const programs = join(root, 'test', 'clients', 'programs');

export async function npmClient(program: string, specs: readonly string[]): Promise<Fetched> {
  const missing = requireInCi(['npm'], 'npm');
  if (missing.length > 0) return { missing: 'npm is not installed' };
  const folder = scratch({ 'package.json': '{"private": true}' });
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...specs];
  const fault = await failed('npm', args, folder);
  copyFileSync(join(programs, program), join(folder, program));
  return fault === undefined ? { command: [process.execPath, join(folder, program)] } : { missing: fault };
}

export async function pythonClient(program: string, specs: readonly string[]): Promise<Fetched> {
  const missing = requireInCi(['python3'], 'python3 python3-venv');
  if (missing.length > 0) return { missing: 'python3 is not installed' };
  const folder = scratch();
  const python = join(folder, 'bin', 'python3');
  const fault =
    (await failed('python3', ['-m', 'venv', folder], folder)) ??
    (await failed(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...specs], folder));
  return fault === undefined ? { command: [python, join(programs, program)] } : { missing: fault };
}

/** `modules`: `path version`. */
export async function goClient(program: string, modules: readonly string[]): Promise<Fetched> {
  const missing = requireInCi(['go'], 'golang-go');
  if (missing.length > 0) return { missing: 'go is not installed' };
  const required = modules.map((one) => `require ${one}\n`).join('');
  const folder = scratch({ 'go.mod': `module client\n\ngo 1.18\n\n${required}` });
  copyFileSync(join(programs, program), join(folder, 'main.go'));
  // Not `go mod tidy`, which fetches what the tests of every module need as well.
  const fault = await failed('go', ['build', '-mod=mod', '-o', 'client', '.'], folder);
  return fault === undefined ? { command: [join(folder, 'client')] } : { missing: fault };
}

/** `artifacts`: `group:artifact:version`. The program is one file, which java compiles as it runs it. */
export async function javaClient(program: string, artifacts: readonly string[]): Promise<Fetched> {
  const missing = requireInCi(['java', 'mvn'], 'default-jdk-headless maven');
  if (missing.length > 0) return { missing: `${missing.join(', ')} is not installed` };
  const dependencies = artifacts.map((one) => {
    const [group, artifact, version] = one.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  const own =
    '<modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>client</artifactId><version>1</version>';
  const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">${own}<dependencies>${dependencies.join('')}</dependencies></project>`;
  const folder = scratch({ 'pom.xml': pom });
  const fault = await failed('mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], folder);
  return fault === undefined
    ? { command: ['java', '-cp', join(folder, 'lib', '*'), join(programs, program)] }
    : { missing: fault };
}

/** A program that a module has in itself. `isSlow`: to build, so on demand alone. */
export async function goProgram(path: string, version: string, isSlow = false): Promise<Fetched> {
  if (isSlow && !isOnDemand()) return { missing: onDemandAlone };
  const missing = requireInCi(['go'], 'golang-go');
  if (missing.length > 0) return { missing: 'go is not installed' };
  const folder = scratch({ 'go.mod': `module program\n\ngo 1.18\n\nrequire ${path} ${version}\n` });
  const within = isSlow ? slowMs : fetchMs;
  const fault = await failed('go', ['build', '-mod=mod', '-o', 'program', path], folder, within);
  return fault === undefined ? { command: [join(folder, 'program')] } : { missing: fault };
}

const onDemandAlone = 'it is run on demand: set ROLLCALL_TEST_SLOW';

function isOnDemand(): boolean {
  return Boolean(process.env['ROLLCALL_TEST_SLOW']);
}

/** Slow to fetch, so on demand alone. `folder`: of its pom.xml, which may have a property `starter`. */
export async function mavenClient(folder: string, starter = ''): Promise<Fetched> {
  if (!isOnDemand()) return { missing: onDemandAlone };
  const missing = requireInCi(['mvn', 'java'], 'maven default-jdk-headless');
  if (missing.length > 0) return { missing: 'Maven is not installed' };
  const at = scratch();
  cpSync(join(programs, folder), at, { recursive: true });
  const properties = starter === '' ? [] : [`-Dstarter=${starter}`];
  const fault = await failed('mvn', ['-q', '-B', '-DskipTests', ...properties, 'package'], at, slowMs);
  return fault === undefined ? { command: ['java', '-jar', join(at, 'target', 'client.jar')] } : { missing: fault };
}

/** npm may need certificates of a proxy. */
function fetching(): NodeJS.ProcessEnv {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  return cleanEnvironment(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates });
}

async function failed(
  command: string,
  args: readonly string[],
  cwd: string,
  withinMs = fetchMs,
): Promise<string | undefined> {
  const { code, err } = await run(command, args, { cwd, env: fetching(), withinMs });
  if (code === 0) return undefined;
  const text = `${command} ${args[0]} failed (${code ?? 'too slow'}): ${err.slice(-500)}`;
  if (process.env['CI']) throw new Error(text);
  return text;
}

/** Starts a fetched program. Each prints lines of JSON, and leaves the registry at SIGTERM. */
export function startClient(fetched: Fetched, args: readonly string[]): Program {
  if ('missing' in fetched) throw new Error(fetched.missing);
  const [command, ...before] = fetched.command;
  return start(command, [...before, ...args]);
}

/** The first line of JSON in which the program reports the event `what`. */
export function reported(program: Program, what: string, patience: Patience = {}): Promise<Record<string, unknown>> {
  return until(
    `${what} reported`,
    () => {
      if (program.child.exitCode !== null) throw new Error(`it has ended: ${program.output()}`);
      const lines = program
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{'));
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line['event'] === what);
    },
    patience,
  );
}
