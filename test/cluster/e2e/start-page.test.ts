// The start pages of docs/cluster.md, typed in as they are, in a network of their own: three nodes and three members of etcd,
// and three nodes without etcd.

import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { blocksOf } from '../../kit/cli/documents.ts';
import { missingEtcd } from '../../kit/cluster/etcd.ts';
import { loopbackUp } from '../../kit/dns/foreign-lookups.ts';
import { obstacleToOwnNetwork } from '../../kit/process/own-network.ts';
import { pathWithNode, start } from '../../kit/process/program.ts';
import { removeScratch, scratch } from '../../kit/process/scratch.ts';
import { root } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const obstacle = await obstacleToOwnNetwork();

describe.each([
  ['with etcd', 'ROLLCALL_CLUSTER_ETCD_ENDPOINTS', missingEtcd.length > 0 ? 'no etcd' : obstacle],
  ['without etcd', 'ROLLCALL_CLUSTER_MODE=peers', obstacle],
])('the page of a cluster %s', (_name, setting, missing) => {
  test.skipIf(missing !== '')(`starts it${missing === '' ? '' : ` (${missing})`}`, () => startPage(setting));
});

async function startPage(setting: string): Promise<void> {
  const blocks = blocksOf('docs/cluster.md').filter(({ language }) => language === 'sh');
  const block = blocks.find((one) => one.lines.some((line) => line.includes(setting)));
  const lines = block?.lines ?? [];
  // One screen.
  expect(lines.length).toBeLessThanOrEqual(40);
  const directory = scratch({ 'loopback.py': loopbackUp, 'start.sh': lines.join('\n') });
  const script = `python3 loopback.py; PATH=${root}/deploy/bin:$PATH; . ./start.sh; echo all done; wait`;
  const program = start('unshare', ['-n', '--pid', '--fork', '--kill-child', 'bash', '-ec', script], {
    cwd: directory,
    env: { PATH: pathWithNode(join(process.execPath, '..')), HOME: directory },
  });
  onTestFinished(async () => {
    await program.stop('SIGKILL');
    removeScratch(directory);
  });
  await until('the last command', () => program.output().includes('all done'), { withinMs: 90_000 }).catch(
    (error: Error) => {
      throw new Error(`${error.message}: ${program.output()}`);
    },
  );
  const output = program.output();
  expect(output).toMatch(/^10\.0\.0\.7$/m);
  // Asked of each about itself: others may not have received its first hello.
  for (const node of ['n1', 'n2', 'n3']) expect(output).toMatch(new RegExp(`^http://\\S+ +${node} +joined`, 'm'));
}
