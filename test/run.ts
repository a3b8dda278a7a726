// What `npm test` runs: types, format and lint, typed lint, dead code, then the tests. It stops at the first failure and
// names the step. Arguments go to vitest: `npm test -- test/config/values.test.ts`. The last line is the tests'
// count. Projects (vitest.config.ts): `fast`, `long` and `e2e`, and where `CI` is set also those that need other ecosystems'
// clients, an etcd and a browser. `--project NAME` among the arguments runs that one alone, without the checks.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
const report = join(scratch, 'vitest.json');
const isCi = process.env['CI'] === 'true';
const projects = ['fast', 'long', 'e2e', ...(isCi ? ['clients', 'cluster', 'console'] : [])];

const checks: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['types of the console', 'tsc', '--noEmit', '--project', 'console'],
  ['types of its tests', 'tsc', '--noEmit', '--project', 'test/console'],
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['typed lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['dead code', 'knip', '--no-progress'],
];

process.exitCode = run();
rmSync(scratch, { recursive: true, force: true });

function run(): number {
  const args = process.argv.slice(2);
  const isOneProject = args.some((arg) => arg.startsWith('--project'));
  for (const [name, ...command] of isOneProject ? [] : checks) {
    const failure = failureOf(name, command);
    if (failure === undefined) continue;
    console.log(`\nStopped at "${name}": ${failure}`);
    return 1;
  }
  const failure = test(isOneProject ? args : [...projects.map((name) => `--project=${name}`), ...args]);
  const counts = readReport();
  if (failure !== undefined) console.log(`\nStopped at "tests": ${failure}`);
  if (counts !== undefined)
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return failure !== undefined || counts === undefined || counts.failed > 0 ? 1 : 0;
}

function test(args: readonly string[]): string | undefined {
  // A project without a file is no failure: some have their programs on few machines.
  const options = ['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return failureOf('tests', ['vitest', 'run', ...options, ...args]);
}

function failureOf(name: string, [command = '', ...args]: readonly string[]): string | undefined {
  console.log(`\n== ${name}: ${name === 'tests' ? 'vitest run' : [command, ...args].join(' ')}`);
  // The tools' own launchers start `node`: let that be the one this file runs with, not the system's.
  const bin = join(root, 'node_modules', '.bin');
  const PATH = [bin, process.env['PATH']].join(':');
  const { status, signal, error } = spawnSync(join(bin, command), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH },
  });
  return error?.message ?? (status === 0 ? undefined : `exit code ${status ?? signal}`);
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A file that could not be loaded has no tests to count; it counts as one failure. */
function readReport(): Counts | undefined {
  let text: string;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    console.log('\nvitest left no report: it did not get as far as running tests');
    return undefined;
  }
  const counts = JSON.parse(text) as VitestReport;
  const failed = counts.testResults.filter(({ status }) => status === 'failed');
  const broken = failed.filter(({ assertionResults }) => assertionResults.every((one) => one.status !== 'failed'));
  return {
    passed: counts.numPassedTests,
    failed: counts.numFailedTests + broken.length,
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
}
