// `rollcall snippet`: configuration for the programs around, with the address and origin that this server has: from
// flags, else from its settings. The texts are in snippets/.

import type { Command } from 'commander';
import {
  type Action,
  type CliContext,
  describeArguments,
  oneMore,
  type Typed,
  textOption,
  textOptions,
} from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { hostPortOf } from '../host-port.ts';
import { typedPathOf } from '../instance-path.ts';
import { serverSettings } from '../server-settings.ts';
import { kubernetes, prometheus } from '../snippets/discovery.ts';
import { caddy, haproxy, nginx } from '../snippets/proxies.ts';
import { bind, coredns, dnsmasq, systemdResolved, unbound } from '../snippets/resolvers.ts';
import type { Snippet, SnippetTarget } from '../snippets/target.ts';

/** By name, for the argument's choices and the help. */
export const snippets: ReadonlyMap<string, Snippet> = new Map(
  Object.entries({
    coredns,
    unbound,
    dnsmasq,
    bind,
    'systemd-resolved': systemdResolved,
    haproxy,
    nginx,
    caddy,
    prometheus,
    kubernetes,
  }),
);

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'program to configure');
  command
    .option('--server <host:port>', 'where rollcall answers DNS (default: the setting "dns")')
    .option('--origin <name>', 'the domain to hand over (default: the setting "origin")')
    .option('--also <domain>', 'a further domain to hand over, such as 10.in-addr.arpa; may be given again', oneMore)
    .option('--app <name>', 'the app in question, as ENV/APPID', 'prod/orders')
    .option('--app-port <port>', 'where it serves, for programs that ask for addresses alone', '8080')
    .option('--config <file>', 'settings file of the server (default: rollcall.yaml, if there is one)')
    .addHelpText('after', examples);
  command.registeredArguments[0]?.choices([...snippets.keys()]);
  return (typed) => print(typed, context);
}

async function print(typed: Typed, context: CliContext): Promise<ExitCode> {
  const target = await targetOf(typed, context);
  if ('problem' in target) return printFault(target, context);
  const [program = ''] = typed.args;
  context.out(snippets.get(program)?.text(target) ?? '');
  return exitCodes.ok;
}

const domainRule = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

async function targetOf(typed: Typed, context: CliContext): Promise<SnippetTarget | CommandFault> {
  const serverText = textOption(typed, 'server');
  const originText = textOption(typed, 'origin');
  const given = serverText === undefined ? undefined : hostPortOf(serverText);
  if (serverText !== undefined && given === undefined) {
    return usageFault(`--server: ${JSON.stringify(serverText)} is not an address such as 127.0.0.1:8053 or [::1]:53`);
  }
  // Who names both needs no settings, and they are not read.
  const settings =
    given === undefined || originText === undefined
      ? await serverSettings(textOption(typed, 'config'), context)
      : undefined;
  if (settings !== undefined && 'problem' in settings) return settings;
  const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '');
  const origin = bare(originText ?? settings?.origin ?? 'svc');
  const others = textOptions(typed, 'also').map(bare);
  const path = typedPathOf(textOption(typed, 'app') ?? '');
  if (path === undefined || path.instance !== undefined)
    return usageFault(`--app: ${JSON.stringify(textOption(typed, 'app'))} is not ENV/APPID, such as prod/orders`);
  const app = bare(`${path.appid}.${path.env}`);
  const wrong = [origin, ...others, app].find((name) => !domainRule.test(name));
  if (wrong !== undefined)
    return usageFault(`${JSON.stringify(wrong)} is not a domain name of letters, digits and hyphens`);
  const appPort = Number(textOption(typed, 'appPort'));
  if (!Number.isInteger(appPort) || appPort < 1 || appPort > 65_535) {
    return usageFault(`--app-port: ${JSON.stringify(textOption(typed, 'appPort'))} is not a port from 1 to 65535`);
  }
  const dns = given ?? settings?.dns ?? { host: '127.0.0.1', port: 8053 };
  return { dns, domains: [origin, ...others], app: `${app}.${origin}`, appPort };
}

const examples = `
Programs:
${[...snippets].map(([name, { summary }]) => `  ${name.padEnd(18)}${summary}`).join('\n')}

Examples:
  rollcall snippet unbound | sudo tee /etc/unbound/unbound.conf.d/rollcall.conf
  rollcall snippet bind --also 10.in-addr.arpa
  rollcall snippet nginx --app prod/pay --app-port 9000 --server 10.0.0.5:53

Comments in the text have where it belongs and what goes wrong there. "rollcall doctor" checks whether it works.
`;
