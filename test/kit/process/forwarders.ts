// Resolvers that operators put in front, each with `svc.` and the addresses 10/8 handed to one rollcall by the very text
// that `rollcall snippet` prints. Not daemons, no root rights needed beyond what the packages ask for.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snippets } from '../../../src/cli/commands/snippet.ts';
import type { SnippetTarget } from '../../../src/cli/snippets/target.ts';
import { udpClient } from '../dns/dns-client.ts';
import { type Program, start, startWhen } from './program.ts';
import { freePort, removeScratch, scratch } from './scratch.ts';

export interface Forwarder {
  readonly port: number;
  stop(): Promise<void>;
}

/** For a rollcall at this port of 127.0.0.1. */
function snippet(program: string, rollcallPort: number): string {
  const target: SnippetTarget = {
    dns: { host: '127.0.0.1', port: rollcallPort },
    domains: ['svc', '10.in-addr.arpa'],
    app: 'orders.prod.svc',
    appPort: 8080,
  };
  return snippets.get(program)?.text(target) ?? '';
}

/** Everything on that Unbound checks about its upstream; `more` are further lines of its server section. */
export function startUnbound(rollcallPort: number, more = ''): Promise<Forwarder> {
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
  ${more}
  use-caps-for-id: yes
  qname-minimisation: yes
  qname-minimisation-strict: yes
  harden-below-nxdomain: yes
  harden-referral-path: yes
  harden-short-bufsize: yes
  hide-identity: yes
remote-control:
  control-enable: no
${snippet('unbound', rollcallPort)}`,
    args: ['-d', '-c', join(directory, 'conf')],
  }));
}

/** The same over TLS, and nothing else: `rollcallPort` has DNS over TLS, with a certificate of `ca` for localhost. */
export function startUnboundOverTls(rollcallPort: number, ca: string): Promise<Forwarder> {
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
  tls-cert-bundle: "${ca}"
remote-control:
  control-enable: no
forward-zone:
  name: "svc."
  forward-tls-upstream: yes
  forward-addr: 127.0.0.1@${rollcallPort}#localhost
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
stop-dns-rebind
pid-file=
${process.getuid?.() === 0 ? 'user=root' : ''}
${snippet('dnsmasq', rollcallPort)}`,
    args: ['--keep-in-foreground', '--log-facility=-', `--conf-file=${join(directory, 'conf')}`],
  }));
}

export function startNamed(rollcallPort: number): Promise<Forwarder> {
  const text = snippet('bind', rollcallPort);
  // What has to stand within the options is in a comment.
  const [, inOptions = ''] = /^\/\/ +(validate-except .*)$/m.exec(text) ?? [];
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
  ${inOptions}
  notify no;
};
controls { };
${text}`,
    args: ['-g', '-c', join(directory, 'conf'), '-n', '1', '-4'],
  }));
}

/** `path`: of the program, which is in no Debian: see docs/recipes.md. */
export function startCoredns(rollcallPort: number, path: string): Promise<Forwarder> {
  const text = snippet('coredns', rollcallPort);
  return started('CoreDNS', path, (port, directory) => ({
    conf: text.replaceAll(':53 {', `:${port} {\n    bind 127.0.0.1`),
    args: ['-conf', join(directory, 'conf')],
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
