// The fields of a registration as flags: for `register`, which registers once, and `run`, which keeps it registered.

import type { Command } from 'commander';
import { oneMore, type Typed, textOption, textOptions } from './command.ts';
import type { Fields } from './document-fields.ts';

export function addRegistrationFlags(command: Command): Command {
  return command
    .requiredOption('--addr <url>', 'where it serves, as NAME://HOST:PORT; may be given again', oneMore)
    .option('--version <text>', 'its version, a selector: 1.4.2._version.orders.prod.svc')
    .option('--zone <text>', 'its availability zone, a selector')
    .option('--group <text>', 'its group, a selector')
    .option('--tag <text>', 'a tag, a selector; may be given again', oneMore)
    .option('--weight <number>', 'share of the traffic, as in SRV (default: 10)')
    .option('--priority <number>', 'lower ones are asked first, as in SRV (default: 0)')
    .option('--metadata <key=value>', 'goes into TXT; may be given again', oneMore)
    .option('--lease-seconds <seconds>', 'how long it stays without a renewal (default: 90)')
    .option('--dns-ttl <seconds>', 'how long resolvers may keep its address (default: 5)');
}

const texts = ['version', 'zone', 'group', 'status'];
const numbers = ['weight', 'priority', 'leaseSeconds', 'dnsTtl'];

/** The body of the registration, its values as they were typed; or what is wrong with the form of a flag. */
export function registrationBody(typed: Typed): Fields | { readonly problem: string } {
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
  const faulty = pairs.find(([, at]) => at < 1);
  if (faulty !== undefined) return { problem: `--metadata: ${JSON.stringify(faulty[0])} is not KEY=VALUE` };
  if (pairs.length > 0)
    body['metadata'] = Object.fromEntries(pairs.map(([pair, at]) => [pair.slice(0, at), pair.slice(at + 1)]));
  return body;
}
