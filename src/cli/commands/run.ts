// `rollcall run`: a program that knows nothing of rollcall is registered for as long as it runs. The flags are checked
// before the program starts, by the server's own rules.

import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { Registration } from '../../client/registration/registration.ts';
import { type Address, addressToText } from '../../model/address.ts';
import { parseRegistration } from '../../model/instance.ts';
import { parseInstanceKey } from '../../model/names.ts';
import { systemScheduler } from '../../runtime/scheduler.ts';
import { linkTo } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed, textOption } from '../command.ts';
import { addRegistryFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { pathText, typedPathOf } from '../instance-path.ts';
import { addRegistrationFlags, registrationBody } from '../registration-flags.ts';
import { Child, exitCodeOf } from '../run/child.ts';
import { leaveFirstProcess } from '../run/first-process.ts';
import type { RunLog } from '../run/log.ts';
import { startOrphanReaper } from '../run/orphan-reaper.ts';
import { type Readiness, takenPort } from '../run/readiness.ts';
import { Registrar } from '../run/registrar.ts';
import { supervise } from '../run/supervise.ts';
import { printable } from '../terminal/printable.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the program and its arguments, after --');
  command
    .passThroughOptions()
    .requiredOption(
      '--as <instance>',
      'what it is, as ENV/APPID/INSTANCE, or ENV/APPID: then INSTANCE is HOSTNAME:PORT',
    );
  addRegistryFlags(addRegistrationFlags(command))
    .option('--ready-http <path>', 'ready when this path of the first address answers with 200-399')
    .option('--ready-delay <seconds>', 'ready after this time; by default when every TCP port accepts connections')
    .option('--ready-within <seconds>', 'stop the program, with exit code 1, where it is not ready by then')
    .option('--drain-seconds <seconds>', 'when stopped, wait at most so long for resolvers to forget it', '30')
    .option('--stop-seconds <seconds>', 'then give the program so long between the signal and SIGKILL', '10')
    .option('--quiet', 'print on stderr only what goes wrong')
    .option('--verbose', 'print every step on stderr')
    .addHelpText('after', examples);
  return (typed) => run(typed, context);
}

async function run(typed: Typed, context: CliContext): Promise<number> {
  const plan = planOf(typed, context);
  if ('problem' in plan) return printFault(plan, context);
  const zombies = leaveFirstProcess();
  const log: RunLog = (kind, text) => {
    if (kind === 'warn' || plan.isVerbose || (kind === 'notice' && !plan.isQuiet))
      context.err(`rollcall run: ${plan.name}: ${printable(text)}\n`);
  };
  if (zombies !== undefined) log('warn', zombies);
  const taken = await takenPort(plan.ports);
  if (taken !== undefined) {
    log('warn', `something serves ${addressToText(taken)} already, before the program has started`);
  }
  const reaper = startOrphanReaper(plan.stopMs / 1000, (why) =>
    log('warn', `nothing will stop the program if rollcall run is killed: ${why}`),
  );
  const link = linkTo(plan.connection, requestTimeoutMs, (text) => log('warn', text));
  const deps = { link, scheduler: systemScheduler, random: Math.random, log };
  const registrar = new Registrar(deps, plan.registration);
  const start = (): Child => new Child(plan.command, plan.childEnv);
  const end = await supervise({ ...plan, start, registrar, reaper, scheduler: systemScheduler, log });
  if (end === 'never ready') return exitCodes.failed;
  if (end.kind === 'unstartable') context.err(`rollcall run: ${end.why}\n`);
  return exitCodeOf(end);
}

/** For one server: a fleet of servers that swallow packets must not take longer than a lease. */
const requestTimeoutMs = 5000;

interface Plan {
  readonly command: readonly string[];
  readonly childEnv: NodeJS.ProcessEnv;
  /** ENV/APPID/INSTANCE, printable. */
  readonly name: string;
  readonly registration: Registration;
  readonly connection: ServerConnection;
  readonly ports: readonly Address[];
  readonly readiness: Readiness;
  readonly readyWithinMs: number | undefined;
  readonly drainMs: number;
  readonly stopMs: number;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
}

/** What is to be done, or every fault of what was typed. */
function planOf(typed: Typed, context: CliContext): Plan | CommandFault {
  const body = registrationBody(typed);
  if ('problem' in body) return usageFault(String(body['problem']));
  const registration = parseRegistration(body, { leaseSeconds: 90, dnsTtl: 5 });
  const [first] = Array.isArray(registration) ? [] : registration.addrs;
  const path = typedPathOf(textOption(typed, 'as') ?? '');
  if (path === undefined)
    return usageFault(`--as: ${JSON.stringify(textOption(typed, 'as'))} is not ENV/APPID/INSTANCE or ENV/APPID`);
  const key = parseInstanceKey(path.env, path.appid, path.instance ?? `${hostname()}:${first?.port ?? 1}`);
  const times = readTimes(typed);
  const problems = [...(Array.isArray(key) ? key : []), ...(Array.isArray(registration) ? registration : [])].map(
    ({ field, message, value }) => `${field} ${message}${value === undefined ? '' : `, received ${value}`}`,
  );
  problems.push(...times.problems);
  if (problems.length > 0 || Array.isArray(key) || Array.isArray(registration))
    return usageFault(`Cannot run this:\n${problems.map((text) => `  ${printable(text)}`).join('\n')}`);
  const connection = connectionOf(typed, context, '--registry');
  if ('problem' in connection) return connection;
  const ports = registration.addrs.filter(({ protocol }) => protocol === 'tcp');
  const readiness = readinessOf(typed, ports, times.readyDelayMs);
  if ('problem' in readiness) return readiness;
  return {
    command: typed.args.filter((word) => word !== undefined),
    childEnv: childEnv(context, registration.addrs[0] as Address, pathText(key)),
    name: printable(pathText(key)),
    // As it was typed: it has just been parsed.
    registration: { ...body, ...key } as object as Registration,
    connection,
    ports,
    readiness,
    readyWithinMs: times.readyWithinMs,
    drainMs: times.drainMs ?? 0,
    stopMs: times.stopMs ?? 0,
    isQuiet: typed.options['quiet'] === true,
    isVerbose: typed.options['verbose'] === true,
  };
}

/** The program gets its name and its port, and not the token. */
function childEnv({ env }: CliContext, { port }: Address, name: string): NodeJS.ProcessEnv {
  const { ROLLCALL_TOKEN: _token, ...rest } = env;
  return { PORT: String(port), ...rest, ROLLCALL_INSTANCE: name };
}

const timeFlags = {
  readyDelayMs: { name: 'readyDelay', flag: '--ready-delay', secondsMax: 86_400 },
  readyWithinMs: { name: 'readyWithin', flag: '--ready-within', secondsMax: 86_400 },
  drainMs: { name: 'drainSeconds', flag: '--drain-seconds', secondsMax: 300 },
  stopMs: { name: 'stopSeconds', flag: '--stop-seconds', secondsMax: 3600 },
} as const;

type Times = { readonly [name in keyof typeof timeFlags]: number | undefined } & {
  readonly problems: readonly string[];
};

function readTimes(typed: Typed): Times {
  const problems: string[] = [];
  const read = (which: keyof typeof timeFlags): number | undefined => {
    const { name, flag, secondsMax } = timeFlags[which];
    const text = textOption(typed, name);
    if (text === undefined) return undefined;
    const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(seconds <= secondsMax)) problems.push(`${flag} must be 0-${secondsMax} seconds, received ${text}`);
    return seconds * 1000;
  };
  return {
    readyDelayMs: read('readyDelayMs'),
    readyWithinMs: read('readyWithinMs'),
    drainMs: read('drainMs'),
    stopMs: read('stopMs'),
    problems,
  };
}

function readinessOf(typed: Typed, ports: readonly Address[], delayMs: number | undefined): Readiness | CommandFault {
  const path = textOption(typed, 'readyHttp');
  if (path !== undefined && delayMs !== undefined)
    return usageFault('--ready-http and --ready-delay: one of them, not both');
  if (delayMs !== undefined) return { kind: 'delay', ms: delayMs };
  const addr = ports.find(({ portName }) => portName === 'http' || portName === 'https') ?? ports[0];
  if (addr === undefined)
    return usageFault('--addr: no TCP port among them to see readiness by; give --ready-delay SECONDS');
  if (path === undefined) return { kind: 'ports', addrs: ports };
  if (/^\/[!-~]*$/.test(path)) return { kind: 'http', addr, path };
  return usageFault(
    `--ready-http: ${JSON.stringify(path)} is not a path: begin with / and percent-encode what is no ASCII`,
  );
}

const examples = `
Examples:
  rollcall run --as prod/orders --addr http://10.0.0.7:8000 -- python3 -m http.server 8000
  rollcall run --as prod/pay/pay-1 --addr http://10.0.0.7:8080 --addr grpc://10.0.0.7:9090 \\
    --ready-http /healthz --version 1.4.2 --registry http://reg-a:7171 --registry http://reg-b:7171 -- ./pay --port 8080

On SIGTERM, SIGINT or SIGQUIT the instance leaves every DNS answer, rollcall waits until no resolver can hold it
any more, --drain-seconds at most, and only then passes the signal on. A second signal is passed on at once, a third
kills. Other signals go to the program.
The program finds its port in PORT (where that is not set) and its name in ROLLCALL_INSTANCE.

Exit codes: the program's own, or 128 and the signal that killed it · 127 no such program · 126 it cannot be started
            2 the command line is wrong · 1 not ready in time (--ready-within)
`;
