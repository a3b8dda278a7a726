// Resolvers that operators put in front, each with `svc.` and the addresses 10/8 delegated or forwarded to one rollcall, as
// their manuals have it. Not daemons, no root rights needed beyond what the packages ask for.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { udpClient } from './dns-client.ts';
import { type Program, start, startWhen } from './program.ts';
import { freePort, removeScratch, scratch } from './scratch.ts';

export interface Forwarder {
  readonly port: number;
  stop(): Promise<void>;
}

/** Everything on that Unbound checks about its upstream. */
export function startUnbound(rollcallPort: number): Promise<Forwarder> {
  return started('Unbound', 'unbound', (port, directory) => ({
    conf: `
server:
  interface: 127.0.0.1
  port: ${port}
  do-daemonize: no
  use-syslog: no
  logfile: ""
  verbosity: 1
  chroot: ""
  username: ""
  pidfile: ""
  directory: "${directory}"
  num-threads: 1
  do-ip6: no
  do-not-query-localhost: no
  domain-insecure: "svc."
  domain-insecure: "10.in-addr.arpa."
  use-caps-for-id: yes
  qname-minimisation: yes
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
  harden-referral-path: yes
  harden-short-bufsize: yes
  hide-identity: yes
  local-zone: "10.in-addr.arpa." nodefault
remote-control:
  control-enable: no
stub-zone:
  name: "svc."
  stub-addr: 127.0.0.1@${rollcallPort}
stub-zone:
  name: "10.in-addr.arpa."
  stub-addr: 127.0.0.1@${rollcallPort}
`,
    args: ['-d', '-c', join(directory, 'conf')],
  }));
}

export function startDnsmasq(rollcallPort: number): Promise<Forwarder> {
  return started('dnsmasq', 'dnsmasq', (port, directory) => ({
    conf: `
port=${port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
server=/svc/127.0.0.1#${rollcallPort}
server=/10.in-addr.arpa/127.0.0.1#${rollcallPort}
pid-file=
${process.getuid?.() === 0 ? 'user=root' : ''}
`,
    args: ['--keep-in-foreground', '--log-facility=-', `--conf-file=${join(directory, 'conf')}`],
  }));
}

export function startNamed(rollcallPort: number): Promise<Forwarder> {
  return started('BIND', 'named', (port, directory) => ({
    conf: `
options {
  directory "${directory}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion yes;
  allow-recursion { 127.0.0.1; };
  dnssec-validation auto;
  validate-except { "svc"; "10.in-addr.arpa"; };
  notify no;
};
controls { };
zone "svc" { type forward; forward only; forwarders { 127.0.0.1 port ${rollcallPort}; }; };
zone "10.in-addr.arpa" { type forward; forward only; forwarders { 127.0.0.1 port ${rollcallPort}; }; };
`,
    args: ['-g', '-c', join(directory, 'conf'), '-n', '1', '-4'],
  }));
}

interface Setting {
  readonly conf: string;
  readonly args: readonly string[];
}

async function started(
  name: string,
  command: string,
  setting: (port: number, directory: string) => Setting,
): Promise<Forwarder> {
  const port = await freePort();
  const directory = scratch();
  const { conf, args } = setting(port, directory);
  writeFileSync(join(directory, 'conf'), conf);
  const program: Program = start(command, args, { cwd: directory });
  const client = await udpClient(port);
  const answers = (): Promise<boolean> =>
    client.ask('svc', 'SOA', { flags: 0x0100 }).then(
      ({ rcode }) => rcode === 'NOERROR',
      () => false,
    );
  try {
    await startWhen(name, program, answers);
  } finally {
    client.close();
  }
  return {
    port,
    async stop() {
      await program.stop('SIGTERM', 5000);
      removeScratch(directory);
    },
  };
}
