// `rollcall doctor`: looks at everything between a program of this machine and the registry, and reports of each whether it
// is right, why not, and what to do. It only asks; nothing is changed.

import { lookup } from 'node:dns/promises';
import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, type Typed, textOption } from '../command.ts';
import { addConnectionFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { type Finding, fail, ok, warn } from '../doctor/finding.ts';
import { fieldsList, textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { type HostPort, hostPortOf } from '../host-port.ts';
import { serverSettings } from '../server-settings.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { painter } from '../terminal/style.ts';

const resolvConfPath = '/etc/resolv.conf';
const nsswitchPath = '/etc/nsswitch.conf';

export function define(command: Command, context: CliContext): Action {
  command
    .option('--server <host:port>', 'where rollcall answers DNS (default: the setting "dns")')
    .option('--origin <name>', 'its origin (default: the setting "origin")')
    .option('--name <name>', 'a name that should have an address (default: an app that the API lists)')
    .option('--resolver <host:port>', "ask this resolver instead of the machine's")
    .option('--resolv-conf <file>', `read this file instead of ${resolvConfPath}`)
    .option('--nsswitch-conf <file>', `read this file instead of ${nsswitchPath}`)
    .option('--seconds <number>', 'how long to watch the cache of a resolver; 0: not at all', '15')
    .option('--config <file>', 'settings file of the server (default: rollcall.yaml, if there is one)');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => examine(typed, context);
}

interface Subject {
  readonly server: HostPort;
  /** Without final dot. */
  readonly origin: string;
  readonly name: string | undefined;
  readonly resolver: HostPort | undefined;
  readonly resolvConf: string;
  readonly nsswitch: string;
  readonly watchMs: number;
  readonly connection: ServerConnection;
  /** Nothing was replaced by a flag: the machine's own look-up can be tried, too. */
  readonly isThisMachine: boolean;
}

async function examine(typed: Typed, context: CliContext): Promise<ExitCode> {
  const subject = await subjectOf(typed, context);
  if ('problem' in subject) return printFault(subject, context);
  const findings: Finding[] = [];
  const isTable = textOption(typed, 'output') === 'table';
  const report = (...some: readonly Finding[]): void => {
    findings.push(...some);
    // Some take seconds: each is printed when it is known.
    if (isTable) for (const finding of some) context.out(line(finding, context));
  };
  await look(subject, context, report);
  const failed = findings.filter(({ level }) => level === 'fail').length;
  const warned = findings.filter(({ level }) => level === 'warn').length;
  const ending = failed + warned === 0 ? 'Nothing wrong was found.' : `${failed} failed, ${warned} to be looked at.`;
  await print(context, typed, { findings, failed, warned }, () => `\n${ending}\n`);
  return failed > 0 ? exitCodes.failed : exitCodes.ok;
}

async function look(
  subject: Subject,
  context: CliContext,
  report: (...some: readonly Finding[]) => void,
): Promise<void> {
  const [{ checkApi, checkDns }, { checkCluster }, resolverCheck, cacheCheck] = await Promise.all([
    import('../doctor/server-check.ts'),
    import('../doctor/cluster-check.ts'),
    import('../doctor/resolver-check.ts'),
    import('../doctor/cache-check.ts'),
  ]);
  const { server, origin, connection, watchMs } = subject;
  const { finding, soa } = await checkDns(server, origin);
  report(finding, ...(await checkApi(connection)), ...(await checkCluster(connection)));
  const name = subject.name ?? (await anApp(connection, origin));
  const resolvers = await lookAtFiles(subject, name ?? `orders.prod.${origin}`, context, report);
  for (const [index, resolver] of resolvers.entries()) {
    const asked = { resolver, server, origin };
    const delegation = await resolverCheck.checkDelegation(asked);
    // The C library asks the next one only where one does not answer.
    const isSpare = index > 0 && delegation.level === 'fail';
    report(
      isSpare
        ? { ...delegation, level: 'warn', why: `${delegation.why}; asked only where the first does not answer` }
        : delegation,
    );
    if (delegation.level === 'fail' || soa === undefined) continue;
    if (name !== undefined) report(await resolverCheck.checkName(asked, name));
    if (watchMs === 0) continue;
    report(
      ...(await Promise.all([
        ...(name === undefined ? [] : [cacheCheck.checkPositiveCache(asked, name, watchMs)]),
        cacheCheck.checkNegativeCache(asked, watchMs),
      ])),
    );
  }
  if (name === undefined)
    report(
      warn('names', 'no app with an instance up is known, so no name was looked up', 'register one, or give --name'),
    );
  else if (subject.isThisMachine) report(await checkMachine(name));
}

/** Findings about files; gives the resolvers that they name. */
async function lookAtFiles(
  subject: Subject,
  name: string,
  { readFile }: CliContext,
  report: (...some: readonly Finding[]) => void,
): Promise<readonly HostPort[]> {
  const [{ askedNameservers, parseResolvConf, resolvConfFindings }, { nsswitchFinding }] = await Promise.all([
    import('../doctor/resolv-conf.ts'),
    import('../doctor/nsswitch.ts'),
  ]);
  const nsswitch = readFile(subject.nsswitch);
  if (nsswitch.kind === 'text') report(nsswitchFinding(nsswitch.text, subject.nsswitch));
  const file = readFile(subject.resolvConf);
  const text = file.kind === 'text' ? file.text : '';
  if (file.kind !== 'text') {
    const why = file.kind === 'missing' ? 'there is no such file' : printable(file.reason);
    report(
      warn(
        subject.resolvConf,
        `cannot be read: ${why}; 127.0.0.1 port 53 is asked then`,
        'write "nameserver ADDRESS" into it',
      ),
    );
  }
  const conf = parseResolvConf(text);
  if (file.kind === 'text') report(...resolvConfFindings(conf, name, subject.resolvConf));
  if (subject.resolver !== undefined) return [subject.resolver];
  return askedNameservers(conf).flatMap((address) => {
    const resolver = hostPortOf(address.replace(/%.*$/, ''));
    if (resolver !== undefined) return [resolver];
    report(
      fail(
        subject.resolvConf,
        `nameserver ${printable(address)} is not an IP address, and is passed over`,
        'write an IP address',
      ),
    );
    return [];
  });
}

/** The whole way that a program goes: getaddrinfo, whatever is configured. */
async function checkMachine(name: string): Promise<Finding> {
  try {
    const found = await lookup(name, { all: true });
    return ok(
      'getaddrinfo',
      `${name} is ${found.map(({ address }) => address).join(', ')} for programs of this machine`,
    );
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    return fail('getaddrinfo', `programs of this machine do not find ${name} (${code})`, 'see the lines above');
  }
}

/** The DNS name of an app that has an address to give; undefined: there is none, or no API to ask. */
async function anApp(connection: ServerConnection, origin: string): Promise<string | undefined> {
  const reply = await callApi(connection, { path: '/api/v1/apps?limit=1000', timeoutMs: 3000 });
  if ('problem' in reply) return undefined;
  const app = fieldsList(reply.document, 'apps').find((one) => Number(textField(one, 'up')) > 0);
  return app === undefined ? undefined : `${textField(app, 'appid')}.${textField(app, 'env')}.${origin}`;
}

async function subjectOf(typed: Typed, context: CliContext): Promise<Subject | CommandFault> {
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return connection;
  for (const name of ['server', 'resolver']) {
    const text = textOption(typed, name);
    if (text !== undefined && hostPortOf(text) === undefined) {
      return usageFault(`--${name}: ${JSON.stringify(text)} is not an address such as 127.0.0.1:53 or [::1]:53`);
    }
  }
  const seconds = Number(textOption(typed, 'seconds'));
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600) {
    return usageFault(
      `--seconds: ${JSON.stringify(textOption(typed, 'seconds'))} is not a whole number from 0 to 3600`,
    );
  }
  const [server, resolver] = ['server', 'resolver'].map((name) => hostPortOf(textOption(typed, name) ?? ''));
  const originText = textOption(typed, 'origin');
  const settings =
    server === undefined || originText === undefined
      ? await serverSettings(textOption(typed, 'config'), context)
      : undefined;
  if (settings !== undefined && 'problem' in settings) return settings;
  const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  const replaced = ['resolver', 'resolvConf', 'nsswitchConf'].map((name) => textOption(typed, name));
  const name = textOption(typed, 'name');
  return {
    server: server ?? settings?.dns ?? { host: '127.0.0.1', port: 8053 },
    origin: bare(originText ?? settings?.origin ?? 'svc.'),
    name: name === undefined ? undefined : bare(name),
    resolver,
    resolvConf: textOption(typed, 'resolvConf') ?? resolvConfPath,
    nsswitch: textOption(typed, 'nsswitchConf') ?? nsswitchPath,
    watchMs: seconds * 1000,
    connection,
    isThisMachine: replaced.every((text) => text === undefined),
  };
}

const styles = { ok: 'good', warn: 'doubtful', fail: 'bad' } as const;

function line({ level, what, why, advice }: Finding, context: CliContext): string {
  const label = painter(context)(styles[level], level.padEnd(4));
  return `${label}  ${what}: ${why}${advice === '' ? '' : `. To do: ${advice}`}\n`;
}

const examples = `
Examples:
  rollcall doctor                                    this machine, from resolv.conf to the server
  rollcall doctor --seconds 0                        the same without watching a cache: done at once
  rollcall doctor --resolver 127.0.0.1:5335 --name orders.prod.svc
  rollcall doctor --resolv-conf pod/resolv.conf      would a container with that file find names?

Each line is "ok", "warn" or "fail", what was looked at, why, and what to do. Exit code 1: something failed.
`;
