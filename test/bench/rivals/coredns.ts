// CoreDNS with the same zone file. One goroutine runs at a time, as the others have one thread.

import { zoneLines } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const coredns: Rival = {
  name: 'CoreDNS',
  program: 'coredns',
  namesMax: 100_000,
  lines: zoneLines,
  config: (folder, port) => `svc.:${port} {
  bind 127.0.0.1
  file ${names(folder)}
}
`,
  args: (folder) => ['-conf', conf(folder)],
  env: { GOMAXPROCS: '1' },
};
