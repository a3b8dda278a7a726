// Knot DNS: the fastest of them, so the measure of all.

import { zoneLines } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const knot: Rival = {
  name: 'Knot',
  program: 'knotd',
  namesMax: 1_000_000,
  lines: zoneLines,
  config: (folder, port) => `server:
    listen: 127.0.0.1@${port}
    rundir: "${folder}"
    udp-workers: 1
    tcp-workers: 1
database:
    storage: "${folder}"
zone:
  - domain: svc.
    file: "${names(folder)}"
`,
  args: (folder) => ['-c', conf(folder)],
};
