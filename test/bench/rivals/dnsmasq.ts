// dnsmasq: it answers from the lists in its configuration, without the target's address beside an SRV record.

import { addressOf, appOf } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const dnsmasq: Rival = {
  name: 'dnsmasq',
  program: 'dnsmasq',
  // SRV records are a list that it walks.
  namesMax: 1000,
  *lines(count) {
    for (let index = 0; index < count; index++) {
      const name = `${appOf(index)}.prod.svc`;
      yield `host-record=${name},${addressOf(index)},5`;
      yield `srv-host=_http._tcp.${name},one.${name},8080,0,10`;
    }
  },
  config: (folder, port) => `port=${port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
local=/svc/
conf-file=${names(folder)}
`,
  args: (folder) => ['-k', '-C', conf(folder), '--pid-file='],
};
