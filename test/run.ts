// What `npm test` runs: types, format and lint, typed lint, dead code, then the tests. It stops at the first failure and
// says which step it was. Arguments go to vitest: `npm test -- test/config.test.ts`. The last line is the tests' count.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
const report = join(scratch, 'vitest.json');

const steps: readonly (readonly [name: string, ...command: string[]])[] = [
  ['types', 'tsc', '--noEmit'],
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['typed lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['dead code', 'knip', '--no-progress'],
  [
    'tests',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
];

process.exitCode = run();
rmSync(scratch, { recursive: true, force: true });

function run(): number {
  for (const [name, command = '', ...args] of steps) {
    const shown = name === 'tests' ? 'vitest run' : [command, ...args].join(' ');
    console.log(`\n== ${name}: ${shown}`);
    // The tools' own launchers start `node`: let that be the one this file runs with, whatever the system has.
    const bin = join(root, 'node_modules', '.bin');
    const PATH = [bin, process.env['PATH']].join(':');
    const { status, signal, error } = spawnSync(join(bin, command), args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, PATH },
    });
    const failure = error?.message ?? (status === 0 ? undefined : `exit code ${status ?? signal}`);
    const counted = name === 'tests' ? countTests() : undefined;
    if (failure !== undefined) console.log(`\nStopped at "${name}": ${failure}`);
    if (counted !== undefined)
      console.log(`\n${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped`);
    if (failure !== undefined || (counted?.failed ?? 0) > 0) return 1;
  }
  return 0;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { status: string }[];
  }[];
}

/** A file that could not be loaded has no tests to count; it counts as one failure. */
function countTests(): { passed: number; failed: number; skipped: number } | undefined {
  let text: string;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    console.log('\nvitest left no report: it did not get as far as running tests');
    return undefined;
  }
  const counts = JSON.parse(text) as VitestReport;
  const broken = counts.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
  );
  return {
    passed: counts.numPassedTests,
    failed: counts.numFailedTests + broken.length,
    skipped: counts.numPendingTests + counts.numTodoTests,
  };
}
