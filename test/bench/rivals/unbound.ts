// Unbound: it answers from its list of local data, without the target's address beside an SRV record.

import { addressOf, appOf } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const unbound: Rival = {
  name: 'Unbound',
  program: 'unbound',
  namesMax: 100_000,
  *lines(count) {
    yield 'local-zone: "svc." static';
    for (let index = 0; index < count; index++) {
      const name = `${appOf(index)}.prod.svc.`;
      yield `local-data: "${name} 5 IN A ${addressOf(index)}"`;
      yield `local-data: "_http._tcp.${name} 5 IN SRV 0 10 8080 one.${name}"`;
    }
  },
  config: (folder, port) => `server:
  interface: 127.0.0.1@${port}
  num-threads: 1
  chroot: ""
  username: ""
  directory: "${folder}"
  pidfile: "${folder}/pid"
  use-syslog: no
  logfile: "${folder}/log"
  module-config: "iterator"
  include: "${names(folder)}"
`,
  args: (folder) => ['-d', '-c', conf(folder)],
};
