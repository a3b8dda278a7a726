// The start page of docs/cluster.md, typed in as it is, in a network of its own: three nodes and three members of etcd.

import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { blocksOf } from '../../kit/documents.ts';
import { missingEtcd } from '../../kit/etcd.ts';
import { loopbackUp } from '../../kit/foreign-lookups.ts';
import { obstacleToOwnNetwork } from '../../kit/own-network.ts';
import { pathWithNode, start } from '../../kit/program.ts';
import { removeScratch, scratch } from '../../kit/scratch.ts';
import { root } from '../../kit/server-process.ts';
import { until } from '../../kit/until.ts';

const obstacle = missingEtcd.length > 0 ? 'no etcd' : await obstacleToOwnNetwork();

test.skipIf(obstacle !== '')(`starts a cluster${obstacle === '' ? '' : ` (${obstacle})`}`, async () => {
  const [block] = blocksOf('docs/cluster.md').filter(({ language }) => language === 'sh');
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
});
