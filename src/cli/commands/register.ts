// `rollcall register`: puts an instance in, and says what comes next: the names it is found by, and the renewal without
// which it is gone at the end of its lease. Values go to the server as they are: it names everything wrong with them.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import {
  type Action,
  type CliContext,
  describeArguments,
  oneMore,
  type Typed,
  textOption,
  textOptions,
} from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import { type Fields, textField, textList } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { tellFault, usageFault } from '../fault.ts';
import { placeOf, placePath, placeText } from '../place.ts';
import { reasonQuery } from '../reason-query.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'the instance as ENV/APPID/INSTANCE, such as prod/orders/orders-1');
  command
    .requiredOption('--addr <url>', 'where it serves, as NAME://HOST:PORT; may be given again', oneMore)
    .option('--version <text>', 'its version, a selector: 1.4.2._version.orders.prod.svc')
    .option('--zone <text>', 'its availability zone, a selector')
    .option('--group <text>', 'its group, a selector')
    .option('--tag <text>', 'a tag, a selector; may be given again', oneMore)
    .option('--weight <number>', 'share of the traffic, as in SRV (default: 10)')
    .option('--priority <number>', 'lower ones are asked first, as in SRV (default: 0)')
    .option('--status <status>', 'up, or waiting: registered without traffic')
    .option('--metadata <key=value>', 'goes into TXT; may be given again', oneMore)
    .option('--lease-seconds <seconds>', 'how long it stays without a renewal (default: 90)')
    .option('--dns-ttl <seconds>', 'how long resolvers may keep its address (default: 5)')
    .option('--reason <text>', 'why, for those who ask "GET /events" later')
    .option('--if-absent', 'fail where the instance is registered already');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => register(typed, context);
}

async function register(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [text = ''] = typed.args;
  const place = placeOf(text);
  const body = bodyOf(typed);
  if (place?.instance === undefined) {
    return tellFault(
      usageFault(
        `Cannot register ${JSON.stringify(text)}: name it as ENV/APPID/INSTANCE, such as prod/orders/orders-1.`,
      ),
      context,
    );
  }
  if ('problem' in body) return tellFault(usageFault(String(body['problem'])), context);
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return tellFault(connection, context);
  const headers = typed.options['ifAbsent'] === true ? { 'if-none-match': '*' } : {};
  const reply = await callApi(connection, {
    method: 'PUT',
    path: placePath(place) + reasonQuery(typed),
    body,
    headers,
  });
  if ('problem' in reply) return tellFault(reply, context);
  await print(context, typed, reply.document, () => nextSteps(printable(placeText(place)), reply.document));
  return exitCodes.ok;
}

const texts = ['version', 'zone', 'group', 'status'];
const numbers = ['weight', 'priority', 'leaseSeconds', 'dnsTtl'];

function bodyOf(typed: Typed): Fields {
  const body: Record<string, unknown> = { addrs: textOptions(typed, 'addr') };
  for (const name of texts) {
    const value = textOption(typed, name);
    if (value !== undefined) body[name] = value;
  }
  for (const name of numbers) {
    const value = textOption(typed, name);
    if (value !== undefined) body[name] = /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  }
  if (typed.options['tag'] !== undefined) body['tags'] = textOptions(typed, 'tag');
  const pairs = textOptions(typed, 'metadata').map((pair) => [pair, pair.indexOf('=')] as const);
  const odd = pairs.find(([, at]) => at < 1);
  if (odd !== undefined) return { problem: `--metadata: ${JSON.stringify(odd[0])} is not KEY=VALUE` };
  if (pairs.length > 0)
    body['metadata'] = Object.fromEntries(pairs.map(([pair, at]) => [pair.slice(0, at), pair.slice(at + 1)]));
  return body;
}

function nextSteps(place: string, document: Fields): string {
  const say = (name: string): string => printable(textField(document, name));
  const names = textList(document, 'dnsNames').map(printable);
  return [
    `${say('outcome')} ${place}: ${say('addrs')}, status ${say('status')}`,
    '',
    'It is found as:',
    ...names.map((name) => `  ${name}`),
    `such as with: rollcall resolve ${names[0] ?? ''} SRV`,
    '',
    `Its lease of ${say('leaseSeconds')} s ends at ${say('renewBefore')}. Renew it every ${say('renewEverySeconds')} s with:`,
    `  ${say('renewWith')}`,
    '',
  ].join('\n');
}

const examples = `
Examples:
  rollcall register prod/orders/orders-1 --addr http://127.0.0.1:8080
  rollcall register prod/orders/orders-2 --addr http://10.0.0.8:8080 --addr grpc://10.0.0.8:9090 \\
    --version 1.4.2 --zone eu-1a --tag canary --metadata team=checkout
  rollcall register prod/pay/pay-1 --addr http://10.0.0.9:80 --lease-seconds 3600 --if-absent

The reply names the command that renews the lease. An instance that nobody renews is gone when its lease ends.
`;
