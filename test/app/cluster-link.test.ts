// Files that the settings of a cluster name, read at the start: what is no file is refused and not waited for.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ClusterLink, type ClusterLinkDeps } from '../../src/app/cluster-link.ts';
import { configOf } from '../kit/cli/config-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) removeScratch(folder);
});

/** Nothing of it is used before the files are read. */
const deps = { state: {}, clock: {} } as ClusterLinkDeps;

test.each([
  ['the token', { ROLLCALL_CLUSTER_TOKEN_FILE: 'FILE' }],
  [
    'a certificate',
    {
      ROLLCALL_CLUSTER_ETCD_CA: 'FILE',
      ROLLCALL_CLUSTER_ETCD_CERT: 'FILE',
      ROLLCALL_CLUSTER_ETCD_KEY: 'FILE',
    },
  ],
])('%s that is a named pipe, or is not there', (_what, named) => {
  const folder = scratch();
  folders.push(folder);
  const path = join(folder, 'secret');
  const env = Object.fromEntries(Object.keys(named).map((name) => [name, path]));
  const etcd = {
    ROLLCALL_DATA: 'none',
    ROLLCALL_CLUSTER_NAME: 'main',
    ROLLCALL_CLUSTER_ETCD_ENDPOINTS: 'https://127.0.0.1:1',
  };
  const token = { ROLLCALL_CLUSTER_TOKEN_FILE: path };
  const config = configOf({ env: { ...etcd, ...token, ...env } });
  const problem = { problem: expect.stringContaining(path) as string };
  expect(ClusterLink.open(config, deps)).toEqual(problem);
  execFileSync('sh', ['-c', 'mkfifo "$0"', path]);
  expect(ClusterLink.open(config, deps)).toEqual(problem);
});
