// The other servers, each with one thread or process that answers, on the same names. What the machine lacks is left out
// and named. Unbound and dnsmasq answer from their own lists, without the target's address beside an SRV record.

import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { addressOf, appOf, zoneLines } from './names.ts';
import { isInstalled, type Server, started } from './started.ts';

interface Rival {
  readonly name: string;
  readonly program: string;
  /** More names than this take it minutes to read. */
  readonly namesMax: number;
  /** The file of names. */
  lines(count: number): Iterable<string>;
  config(folder: string, port: number): string;
  args(folder: string, port: number): string[];
}

const conf = (folder: string) => join(folder, 'server.conf');
const names = (folder: string) => join(folder, 'names');

const rivals: readonly Rival[] = [
  {
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
  },
  {
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
  },
  {
    name: 'BIND',
    program: 'named',
    namesMax: 1_000_000,
    lines: zoneLines,
    config: (folder, port) => `options {
  directory "${folder}";
  pid-file "${folder}/pid";
  session-keyfile "${folder}/session.key";
  managed-keys-directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion no;
  notify no;
};
controls { };
zone "svc" { type primary; file "${names(folder)}"; };
`,
    args: (folder) => ['-f', '-n', '1', '-c', conf(folder)],
  },
  {
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
  },
  {
    name: 'dnsmasq',
    program: 'dnsmasq',
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
  },
  {
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
  },
];

/** Those of them that are installed, one after the other, with the text of what is missing. */
export function installedRivals(): { readonly present: readonly Rival[]; readonly missing: readonly string[] } {
  const present = rivals.filter(({ program }) => isInstalled(program));
  return { present, missing: rivals.filter((one) => !present.includes(one)).map(({ name }) => name) };
}

export async function startRival(rival: Rival, parent: string, port: number, count: number): Promise<Server> {
  const folder = join(parent, rival.program);
  mkdirSync(folder, { recursive: true });
  const file = createWriteStream(names(folder));
  for (const line of rival.lines(count))
    if (!file.write(`${line}\n`)) await new Promise((next) => file.once('drain', next));
  file.end();
  await finished(file);
  writeFileSync(conf(folder), rival.config(folder, port));
  return started({ name: rival.name, program: rival.program, args: rival.args(folder, port), port, cwd: folder });
}
