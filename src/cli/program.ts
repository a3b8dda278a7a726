// The command line: what to type, what it says, which exit code it leaves. It starts nothing by itself: what a command
// does is handed in as a function, so this folder knows neither DNS nor HTTP and a test can read every answer.
// Exit codes: 0 done, 1 a problem, told on stderr in one sentence each.

import { Command, CommanderError } from 'commander';
import type { Environment, ReadFile } from '../config/sources.ts';
import { type Config, resolveConfig } from '../config.ts';
import { addConfigFlag, addFlags, flagsOf } from './flags.ts';
import { printConfig, settingsTable } from './print-config.ts';

export interface CliParts {
  readonly version: string;
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Starts the service and returns; called once. Whoever provides it also stops the service and ends the process. */
  serve(config: Config): Promise<'running' | { readonly problem: string }>;
  /** Reads every zone file of the directory; faults as `file:line:column: message`. */
  checkZones(directory: string): Promise<{ readonly zones: number; readonly faults: readonly string[] }>;
}

/** The exit code, or `running` where the process has to stay. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number | 'running'> {
  let result: number | 'running' = 0;
  const program = new Command('rollcall')
    .description(
      'A service registry that answers in DNS: services register over HTTP, anything that speaks DNS finds them.',
    )
    .version(parts.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', programExamples)
    .configureOutput({ writeOut: parts.out, writeErr: parts.err })
    .exitOverride();

  addFlags(program.command('serve').description('Run the registry: HTTP API and DNS server in one process.'))
    .addHelpText('after', serveExamples)
    .action(async (_options: unknown, command: Command) => {
      result = await withConfig(command, parts, async (config) => {
        const outcome = await parts.serve(config);
        if (outcome === 'running') return outcome;
        parts.err(`${outcome.problem}\n`);
        return 1;
      });
    });

  addConfigFlag(
    program.command('check-zones').argument('[dir]', 'directory of zone files (default: the setting "zones")'),
  )
    .description('Read every zone file as "serve" would and tell each fault with its line and column.')
    .addHelpText('after', checkZonesExamples)
    .action(async (directory: string | undefined, _options: unknown, command: Command) => {
      if (directory !== undefined) result = await checkZones(directory, parts);
      else result = await withConfig(command, parts, (config) => checkZones(config.zones, parts));
    });

  addFlags(
    program.command('config').description('Print the settings in force and where each came from; starts nothing.'),
  )
    .addHelpText('after', () => `${configExamples}${settingsTable()}`)
    .action(async (_options: unknown, command: Command) => {
      const resolved = resolveConfig({ ...parts, flags: flagsOf(command) });
      if ('problems' in resolved) result = tell(resolved.problems, parts);
      else parts.out(printConfig(resolved.config, resolved.origins));
    });

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    // commander throws for --help and --version too; what it had to say is already said.
    if (error instanceof CommanderError) return error.exitCode;
    throw error;
  }
  return result;
}

async function withConfig(
  command: Command,
  parts: CliParts,
  next: (config: Config) => Promise<number | 'running'>,
): Promise<number | 'running'> {
  const resolved = resolveConfig({ ...parts, flags: flagsOf(command) });
  return 'problems' in resolved ? tell(resolved.problems, parts) : next(resolved.config);
}

function tell(problems: readonly string[], parts: CliParts): number {
  parts.err(problems.map((text) => `${text}\n`).join(''));
  return 1;
}

async function checkZones(directory: string, parts: CliParts): Promise<number> {
  const { zones, faults } = await parts.checkZones(directory);
  if (faults.length === 0) {
    parts.out(`${counted(zones, 'zone')}, no faults\n`);
    return 0;
  }
  parts.out(faults.map((fault) => `${fault}\n`).join(''));
  parts.err(`${counted(faults.length, 'fault')} in ${directory}\n`);
  return 1;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const programExamples = `
Examples:
  rollcall serve                         answer on 127.0.0.1: HTTP 7171, DNS 8053
  rollcall serve --help                  its flags, and how to register and find a service
  rollcall config                        what is set, and by whom
  rollcall check-zones zones             look for faults in zone files

Settings come from, weakest first: defaults, rollcall.yaml, ROLLCALL_* variables, flags.
`;

const serveExamples = `
Examples:
  rollcall serve
  rollcall serve --http 127.0.0.1:7171,[::1]:7171 --dns 10.0.0.5:53 --origin svc.example.org.
  rollcall serve --http 0.0.0.0:7171 --token-file /etc/rollcall/tokens
  ROLLCALL_LOG_LEVEL=debug rollcall serve --data none

Then register a service, and find it:
  curl -X PUT localhost:7171/api/v1/apps/prod/orders/orders-1 \\
    -H 'content-type: application/json' -d '{"addrs":["http://127.0.0.1:8080"]}'
  dig @127.0.0.1 -p 8053 orders.prod.svc SRV

Limits and times have no flag: "rollcall config --help" lists every setting.
`;

const checkZonesExamples = `
Examples:
  rollcall check-zones                   the directory that "serve" would read
  rollcall check-zones zones && git push

Exit code 0: no faults. Exit code 1: each fault on a line of its own, as file:line:column: message.
`;

const configExamples = `
Examples:
  rollcall config
  rollcall config --http 0.0.0.0:7171    would "serve" accept that?
  rollcall config --config other.yaml | grep -v '# default'

Every setting as rollcall.yaml has it, with its default. By environment, leaseSeconds is ROLLCALL_LEASE_SECONDS:
`;
