// rollcall, NSD, Knot and BIND as processes on free ports, all with the same zone files. The three are configured to give what
// belongs to an answer and no more (no NS of the zone in AUTHORITY), to send at most 1232 octets over UDP as rollcall
// does, and to let oddities of the zones pass.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { udpClient } from '../../kit/dns/dns-client.ts';
import { type Program, start, startWhen } from '../../kit/process/program.ts';
import { freePort, removeScratch, scratch } from '../../kit/process/scratch.ts';
import { startServer } from '../../kit/process/server-process.ts';
import { zoneLines, zoneText } from './zones.ts';

interface Contestant {
  readonly name: string;
  readonly port: number;
  stop(): Promise<unknown>;
}

/** The programs that are compared with, and what they are called. */
export const binaries = ['named', 'nsd', 'knotd'];

const apexes = Object.keys(zoneLines);

export interface Contest {
  /** rollcall first. */
  readonly contestants: readonly Contestant[];
  stop(): Promise<void>;
}

/** Starts all of them, or leaves none running. */
export async function startAll(): Promise<Contest> {
  const zones = scratch(Object.fromEntries(apexes.map((apex) => [`${apex}zone`, zoneText(apex)])));
  const starts = [startRollcall(zones), startBind(zones), startNsd(zones), startKnot(zones)];
  const running = (await Promise.allSettled(starts)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((one) => one.stop()));
    removeScratch(zones);
  };
  if (running.length < starts.length) await stop();
  return { contestants: await Promise.all(starts), stop };
}

async function startRollcall(zones: string): Promise<Contestant> {
  const { dnsPort, stop } = await startServer({ zones });
  return { name: 'rollcall', port: dnsPort, stop };
}

function startBind(zones: string): Promise<Contestant> {
  return started('BIND', 'named', (port, directory) => ({
    args: ['-g', '-4', '-n', '1', '-c', join(directory, 'conf')],
    conf: `
options {
  directory "${directory}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion no;
  notify no;
  allow-transfer { none; };
  empty-zones-enable no;
  minimal-responses no-auth;
  max-udp-size 1232;
  max-records-per-type 0;
  check-names primary ignore;
  check-integrity no;
  check-mx ignore;
  check-mx-cname ignore;
  check-srv-cname ignore;
  check-sibling no;
  check-wildcard no;
  zero-no-soa-ttl no;
  version none;
};
controls { };
${apexes.map((apex) => `zone "${apex}" { type primary; file "${zones}/${apex}zone"; };`).join('\n')}
`,
  }));
}

function startNsd(zones: string): Promise<Contestant> {
  return started('NSD', 'nsd', (port, directory) => ({
    args: ['-d', '-c', join(directory, 'conf')],
    conf: `
server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  zonesdir: "${zones}"
  database: ""
  zonelistfile: "${directory}/zone.list"
  xfrdfile: ""
  xfrdir: "${directory}"
  pidfile: ""
  username: ""
  chroot: ""
  ipv4-edns-size: 1232
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  round-robin: no
  refuse-any: no
remote-control:
  control-enable: no
${apexes.map((apex) => `zone:\n  name: "${apex}"\n  zonefile: "${apex}zone"`).join('\n')}
`,
  }));
}

function startKnot(zones: string): Promise<Contestant> {
  return started('Knot', 'knotd', (port, directory) => ({
    args: ['-c', join(directory, 'conf')],
    conf: `
server:
  rundir: "${directory}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  udp-max-payload: 1232
log:
  - target: stderr
    any: warning
database:
  storage: "${directory}"
template:
  - id: default
    storage: "${zones}"
    file: "%s.zone"
    journal-content: none
    zonefile-sync: -1
zone:
${apexes.map((apex) => `  - domain: ${apex}`).join('\n')}
`,
  }));
}

interface Setting {
  readonly conf: string;
  readonly args: readonly string[];
}

/** Starts a server and waits until it has all zones. */
async function started(
  name: string,
  command: string,
  setting: (port: number, directory: string) => Setting,
): Promise<Contestant> {
  const port = await freePort();
  const directory = scratch();
  const { conf, args } = setting(port, directory);
  writeFileSync(join(directory, 'conf'), conf);
  const program: Program = start(command, args, { cwd: directory });
  const client = await udpClient(port);
  const hasZones = async (): Promise<boolean> => {
    const replies = await Promise.all(apexes.map((apex) => client.ask(apex, 'SOA').catch(() => undefined)));
    return replies.every((reply) => reply?.aa === true && reply.answer.length === 1);
  };
  try {
    await startWhen(name, program, hasZones);
  } finally {
    client.close();
  }
  return {
    name,
    port,
    async stop() {
      await program.stop('SIGTERM', 5000);
      removeScratch(directory);
    },
  };
}
