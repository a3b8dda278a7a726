// Consul: one agent that is client and server, in memory, with the apps as services of its own. One goroutine runs at a
// time, as the others have one thread. The target of an SRV record is a name made of the address, which comes along.

import { addressOf, appOf } from '../names.ts';
import { conf, names, type Rival } from './rival.ts';

export const consul: Rival = {
  name: 'Consul',
  program: 'consul',
  // Ten thousand services of one agent take minutes to sync.
  namesMax: 1000,
  *lines(count) {
    yield '{"services": [';
    for (let index = 0; index < count; index++) {
      const service = { name: appOf(index), address: addressOf(index), port: 8080 };
      yield `${JSON.stringify(service)}${index + 1 < count ? ',' : ''}`;
    }
    yield ']}';
  },
  config(_folder, port, [http, server, lan, wan]) {
    const off = { https: -1, grpc: -1, grpc_tls: -1 };
    const ports = { dns: port, http, server, serf_lan: lan, serf_wan: wan, ...off };
    const dns = { service_ttl: { '*': '5s' } };
    return JSON.stringify({ bind_addr: '127.0.0.1', log_level: 'ERROR', ports, dns_config: dns });
  },
  args: (folder) => [
    ...['agent', '-dev', '-disable-host-node-id', '-config-format', 'json'],
    ...['-config-file', conf(folder), '-config-file', names(folder)],
  ],
  env: { GOMAXPROCS: '1' },
  spelling: {
    A: (app) => `${app}.service.consul A`,
    SRV: (app) => `${app}.service.consul SRV`,
    NXDOMAIN: (app) => `absent-${app}.service.consul A`,
  },
  morePorts: 4,
  // The agent syncs services to its server one by one, in no order. The server itself is one of them.
  async knowsAll(count, [http]) {
    const reply = await fetch(`http://127.0.0.1:${http}/v1/catalog/services`);
    return Object.keys((await reply.json()) as object).length > count;
  },
};
