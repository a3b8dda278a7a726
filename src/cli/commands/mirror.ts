// `rollcall mirror`: keeps rollcall equal to another registry while its clients move. The wiring alone: sources and the
// follower are in bridges, and know neither this client nor the command line.

import { type Command, Option } from 'commander';
import { type FollowerEvent, RegistryFollower } from '../../bridges/follower.ts';
import type { RegistrySource, SourceKind } from '../../bridges/source.ts';
import { ConsulSource } from '../../bridges/sources/consul.ts';
import { EurekaSource } from '../../bridges/sources/eureka.ts';
import { NacosSource } from '../../bridges/sources/nacos.ts';
import { parseEnv } from '../../model/names.ts';
import { systemScheduler } from '../../runtime/scheduler.ts';
import { linkTo } from '../api-call.ts';
import { type Action, type CliContext, oneMore, type Typed, textOption, textOptions } from '../command.ts';
import { addRegistryFlags, connectionOf, type ServerConnection } from '../connection.ts';
import { durationMs } from '../duration.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { RegistryTarget } from '../mirror/registry-target.ts';
import { eventText, reportDocument, reportText } from '../mirror/report-text.ts';
import { sourceHttp } from '../mirror/source-http.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

export function define(command: Command, context: CliContext): Action {
  command
    .addOption(new Option('--from <system>', 'what the other registry is').choices(kinds).makeOptionMandatory())
    .requiredOption('--source <url>', 'where it is: http://old:8500, http://old:8761/eureka, http://old:8848/nacos')
    .option(
      '--source-secret-file <file>',
      'file with its ACL token, or user:password (default: ROLLCALL_SOURCE_SECRET)',
    )
    .option('--env <env>', 'the env to keep equal to it', 'prod')
    .option('--namespace <id>', 'of Nacos: the namespace (default: public)')
    .option('--group <group>', 'of Nacos: a group; may be given again (default: DEFAULT_GROUP)', oneMore)
    .option('--poll <duration>', 'of Eureka and Nacos: how often it is read (default: 5s)')
    .option('--doubt <duration>', 'how long all, or more than half, missing at once is not believed', '60s')
    .option('--once', 'compare and write once, then end; what was written ends with its lease')
    .option('--dry-run', 'compare once and write nothing')
    .option('--leave', 'when stopped, cancel what was mirrored; without it that ends with its lease');
  addOutputFlag(addRegistryFlags(command)).addHelpText('after', examples);
  return (typed) => mirror(typed, context);
}

const kinds: readonly SourceKind[] = ['consul', 'eureka', 'nacos'];
const requestTimeoutMs = 10_000;
const leaveMs = 10_000;
const day = 86_400_000;

interface Plan {
  readonly connection: ServerConnection;
  readonly source: RegistrySource;
  /** `consul 10.0.0.5:8500` */
  readonly sourceName: string;
  readonly env: string;
  readonly doubtMs: number;
}

async function mirror(typed: Typed, context: CliContext): Promise<number> {
  const plan = planOf(typed, context);
  if ('problem' in plan) return printFault(plan, context);
  const { connection, source, sourceName, env, doubtMs } = plan;
  const log = (text: string): void => context.err(`rollcall mirror: ${text}\n`);
  const link = linkTo(connection, requestTimeoutMs, (text) => log(printable(text)));
  const [scheduler, random] = [systemScheduler, Math.random] as const;
  const target = new RegistryTarget({ link, env, reason: `mirror of ${sourceName}`, scheduler, random });
  const onEvent = (event: FollowerEvent): void => {
    const text = eventText(event, sourceName);
    if (text !== undefined) log(text);
    else if (event.kind === 'compared')
      void print(context, typed, reportDocument(event.report), () => reportText(event.report));
  };
  const follower = new RegistryFollower({ source, target, env, mark: sourceName, doubtMs, scheduler, random, onEvent });
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, abort);
  try {
    const isDryRun = typed.options['dryRun'] === true;
    if (isDryRun || typed.options['once'] === true) {
      const report = await follower.once(isDryRun, stop.signal);
      if ('fault' in report)
        return printFault({ problem: `Cannot compare: ${printable(report.fault)}`, code: 1 }, context);
      await print(context, typed, reportDocument(report), () => reportText(report));
      return exitCodes.ok;
    }
    await follower.run(stop.signal);
    if (typed.options['leave'] !== true) return exitCodes.ok;
    const fault = await follower.leave(AbortSignal.timeout(leaveMs));
    return fault === undefined ? exitCodes.ok : printFault({ problem: printable(fault.fault), code: 1 }, context);
  } finally {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.removeListener(name, abort);
    link.close();
  }
}

function planOf(typed: Typed, context: CliContext): Plan | CommandFault {
  const kind = textOption(typed, 'from') as SourceKind;
  const connection = connectionOf(typed, context, '--registry');
  if ('problem' in connection) return connection;
  const env = parseEnv(textOption(typed, 'env') ?? '');
  if (typeof env !== 'string') return usageFault(`--env ${env.message}, received ${JSON.stringify(env.value)}`);
  const url = sourceUrl(kind, textOption(typed, 'source') ?? '');
  if ('problem' in url) return url;
  const doubtMs = durationMs('--doubt', textOption(typed, 'doubt') ?? '', day);
  if (typeof doubtMs === 'object') return doubtMs;
  const secret = secretOf(kind, typed, context);
  if (typeof secret === 'object') return secret;
  const source = sourceOf(kind, typed, url, secret);
  if ('problem' in source) return source;
  return { connection, source, sourceName: `${kind} ${url.host}`, env, doubtMs };
}

const paths = { consul: '', eureka: '/eureka', nacos: '/nacos' } as const;

function sourceUrl(kind: SourceKind, text: string): URL | CommandFault {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    return usageFault(`--source: ${JSON.stringify(text)} is not an http or https URL such as http://10.0.0.5:8500`);
  if (url.username !== '' || url.password !== '')
    return usageFault('--source: a user or password in the URL is not used here; put them into --source-secret-file');
  if (url.pathname === '/') url.pathname = paths[kind];
  return url;
}

/** Undefined: none is given. */
function secretOf(kind: SourceKind, typed: Typed, { env, readFile }: CliContext): string | undefined | CommandFault {
  const path = textOption(typed, 'sourceSecretFile');
  const file = path === undefined ? undefined : readFile(path);
  if (file !== undefined && file.kind !== 'text') {
    const why = file.kind === 'missing' ? 'there is no such file' : file.reason;
    return usageFault(`--source-secret-file: cannot read ${JSON.stringify(path)}: ${why}`);
  }
  const secret = (file?.text ?? env['ROLLCALL_SOURCE_SECRET'] ?? '').trim();
  if (secret === '') return undefined;
  const isSound = /^[!-~]{1,512}$/.test(secret) && (kind === 'consul' || secret.includes(':'));
  if (isSound) return secret;
  const what = kind === 'consul' ? 'an ACL token' : 'user:password';
  return usageFault(
    `The secret for --source must be ${what}, of at most 512 printable ASCII characters without blanks`,
  );
}

function sourceOf(kind: SourceKind, typed: Typed, url: URL, secret: string | undefined): RegistrySource | CommandFault {
  const ofNacos = textOption(typed, 'namespace') ?? textOptions(typed, 'group')[0];
  if (kind !== 'nacos' && ofNacos !== undefined) return usageFault('--namespace and --group are for --from nacos');
  const poll = textOption(typed, 'poll');
  if (kind === 'consul' && poll !== undefined)
    return usageFault('--poll is for --from eureka and nacos: Consul is asked with queries that wait for a change');
  const pollMs = durationMs('--poll', poll ?? '5s', day);
  if (typeof pollMs === 'object') return pollMs;
  const common = {
    http: sourceHttp(url.href.replace(/\/+$/, ''), systemScheduler),
    scheduler: systemScheduler,
    random: Math.random,
  };
  if (kind === 'consul') return new ConsulSource({ ...common, token: secret });
  if (kind === 'eureka') return new EurekaSource({ ...common, credentials: secret, pollMs });
  const groups = textOptions(typed, 'group');
  return new NacosSource({
    ...common,
    credentials: secret,
    pollMs,
    namespace: textOption(typed, 'namespace') ?? '',
    groups: groups.length === 0 ? ['DEFAULT_GROUP'] : groups,
  });
}

const examples = `
Examples:
  rollcall mirror --from consul --source http://old:8500 --dry-run
  rollcall mirror --from consul --source http://old:8500 --registry http://10.0.0.5:7171
  rollcall mirror --from eureka --source http://old:8761/eureka --env prod
  rollcall mirror --from nacos --source http://old:8848/nacos --namespace public --group DEFAULT_GROUP

Prints what differs, then keeps rollcall equal to the other registry until it is stopped, a line on stderr for each
change. An instance that a client registers here by itself is left alone, and its mirrored copy goes. While the other
registry is down, what it had stays. With tokens it needs one that may "operate" everywhere.
`;
