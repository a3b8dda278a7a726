// What `npm test` runs: types, format and lint, typed lint, dead code, then the tests. It stops at the first failure and
// says which step it was. Arguments go to vitest: `npm test -- test/config.test.ts`. The last line is the tests' count.
// In CI, on machines shared with strangers, the few files that failed run once more, one at a time: what passes then was
// no fault of the code, but it is named, because an unsteady test is to be mended all the same.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
/** More than these are no accident. */
const secondChanceFilesMax = 3;

const checks: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['typed lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['dead code', 'knip', '--no-progress'],
];

process.exitCode = run();
rmSync(scratch, { recursive: true, force: true });

function run(): number {
  for (const [name, ...command] of checks) {
    const failure = failureOf(name, command);
    if (failure === undefined) continue;
    console.log(`\nStopped at "${name}": ${failure}`);
    return 1;
  }
  let failure = test(process.argv.slice(2), 'vitest.json');
  let counts = readReport('vitest.json');
  if (counts !== undefined && failure !== undefined && process.env['CI'] === 'true') {
    const files = counts.failedFiles.map((file) => relative(root, file));
    if (files.length > 0 && files.length <= secondChanceFilesMax) {
      failure = test(['--maxWorkers=1', ...files], 'again.json');
      const again = readReport('again.json');
      const failed = again?.failed ?? counts.failed;
      counts = { ...counts, passed: counts.passed + Math.max(0, counts.failed - failed), failed };
      console.log(`\nUnsteady, ran twice: ${files.join(' ')}`);
    }
  }
  if (failure !== undefined) console.log(`\nStopped at "tests": ${failure}`);
  if (counts !== undefined)
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return failure !== undefined || counts === undefined || counts.failed > 0 ? 1 : 0;
}

function test(args: readonly string[], report: string): string | undefined {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${join(scratch, report)}`];
  return failureOf('tests', ['vitest', 'run', ...reporters, ...args]);
}

function failureOf(name: string, [command = '', ...args]: readonly string[]): string | undefined {
  console.log(`\n== ${name}: ${name === 'tests' ? 'vitest run' : [command, ...args].join(' ')}`);
  // The tools' own launchers start `node`: let that be the one this file runs with, whatever the system has.
  const bin = join(root, 'node_modules', '.bin');
  const PATH = [bin, process.env['PATH']].join(':');
  const { status, signal, error } = spawnSync(join(bin, command), args, {
    cwd: root,
    stdio: 'inherit',
    // Hundreds of servers are started: compiled once, they start in half the time.
    env: { ...process.env, PATH, NODE_COMPILE_CACHE: join(scratch, 'compiled') },
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
  readonly failedFiles: readonly string[];
}

/** A file that could not be loaded has no tests to count; it counts as one failure. */
function readReport(report: string): Counts | undefined {
  let text: string;
  try {
    text = readFileSync(join(scratch, report), 'utf8');
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
    failedFiles: failed.map(({ name }) => name),
  };
}
