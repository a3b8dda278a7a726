// NSD, without the rate limit for answers that it is built with.

import { zoneLines } from '../names.ts';
import { conf, type Rival } from './rival.ts';

export const nsd: Rival = {
  name: 'NSD',
  program: 'nsd',
  namesMax: 1_000_000,
  lines: zoneLines,
  config: (folder, port) => `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  rrl-ratelimit: 0
  zonesdir: "${folder}"
  database: ""
  pidfile: "${folder}/pid"
  xfrdfile: "${folder}/xfrd"
  zonelistfile: "${folder}/list"
remote-control:
  control-enable: no
zone:
  name: svc
  zonefile: names
`,
  args: (folder) => ['-d', '-c', conf(folder)],
};
