// Histories of a cluster. Without `--scenario`: a long one with small faults from a seed, and its checker
// (test/cluster/e2e/histories.test.ts; HISTORY_SECONDS, HISTORY_SEED). With it: one fault of cluster.md §17.3 under a fleet.
//   npm run histories -- --scenario kill --instances 30000 --lease 30 [--spread] [--fault-seconds 20] [--logs FOLDER]

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { play } from './play.ts';
import { scenarioNames } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    instances: { type: 'string', default: '30000' },
    lease: { type: 'string', default: '30' },
    'fault-seconds': { type: 'string' },
    spread: { type: 'boolean', default: false },
    logs: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(
    `npm run histories [-- --scenario NAME --instances N --lease SECONDS --fault-seconds N --spread --logs FOLDER]`,
  );
  console.log(`NAME: ${scenarioNames.join(', ')}`);
} else if (values.scenario === undefined) {
  const env = { ...process.env, HISTORY_SECONDS: process.env['HISTORY_SECONDS'] ?? '3600' };
  const args = [join(import.meta.dirname, '..', 'run.ts'), '--project=cluster', 'test/cluster/e2e/histories.test.ts'];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
} else {
  const scenario = scenarioNames.find((name) => name === values.scenario);
  const [instances, leaseSeconds] = [values.instances, values.lease].map(Number);
  const faultSeconds = values['fault-seconds'] === undefined ? undefined : Number(values['fault-seconds']);
  if (scenario === undefined) throw new Error(`--scenario ${values.scenario}: one of ${scenarioNames.join(', ')}`);
  if (instances === undefined || !(instances >= 300) || leaseSeconds === undefined || !(leaseSeconds >= 10))
    throw new Error('--instances takes a number from 300 on, --lease seconds from 10 on');
  const isWithin = await play({
    scenario,
    instances,
    leaseSeconds,
    faultSeconds,
    isSpread: values.spread,
    logs: values.logs,
  });
  // Connections to namespaces that are gone would keep it.
  process.exit(isWithin ? 0 : 1);
}
