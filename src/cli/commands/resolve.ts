// `rollcall resolve`: a question over DNS and the whole reply, with rollcall's own reason below it where its API can be
// reached. The exit code is the kind of answer.

import type { Command } from 'commander';
import { callApi } from '../api-call.ts';
import { type Action, type CliContext, describeArguments, type Typed, textOption } from '../command.ts';
import { addConnectionFlags, connectionOf } from '../connection.ts';
import type { Disagreement } from '../dns/agreement.ts';
import type { DnsReply } from '../dns/lookup.ts';
import { textField } from '../document-fields.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type CommandFault, printFault, usageFault } from '../fault.ts';
import { hostPortOf, hostPortText } from '../host-port.ts';
import { typedPathOf } from '../instance-path.ts';
import { addOutputFlag, print } from '../terminal/output.ts';
import { printable } from '../terminal/printable.ts';
import { painter } from '../terminal/style.ts';

const defaultServer = '127.0.0.1:8053';

export function define(command: Command, context: CliContext): Action {
  describeArguments(
    command,
    'name to ask for, such as orders.prod.svc',
    'record type: A (default), AAAA, SRV, TXT, HTTPS, TYPE65 …',
  );
  command
    .option(
      '--server <host:port>',
      `the DNS server to ask: rollcall or a resolver in front (default: ${defaultServer})`,
    )
    .option('--tcp', 'ask over TCP; without it UDP, then TCP where the reply is cut');
  addOutputFlag(addConnectionFlags(command)).addHelpText('after', examples);
  return (typed) => resolve(typed, context);
}

async function resolve(typed: Typed, context: CliContext): Promise<ExitCode> {
  const [name = '', typeText = 'A'] = typed.args;
  const serverText = textOption(typed, 'server') ?? defaultServer;
  const server = hostPortOf(serverText);
  if (server === undefined) {
    return printFault(
      usageFault(`--server: ${JSON.stringify(serverText)} is not an address such as ${defaultServer} or [::1]:53`),
      context,
    );
  }
  const connection = connectionOf(typed, context);
  if ('problem' in connection) return printFault(connection, context);
  const [{ lookUp }, { disagreement }, { nextStep }, { typeNumber }] = await Promise.all([
    import('../dns/lookup.ts'),
    import('../dns/agreement.ts'),
    import('../dns/next-step.ts'),
    import('../dns/record-types.ts'),
  ]);
  const type = typeNumber(typeText);
  if (type === undefined)
    return printFault(
      usageFault(`${JSON.stringify(typeText)} is no record type; write A, AAAA, SRV, TXT, HTTPS … or TYPE65`),
      context,
    );
  const fault = nameFault(name);
  if (fault !== undefined) return printFault(fault, context);
  const query = `name=${encodeURIComponent(name)}&type=${encodeURIComponent(typeText)}`;
  const [reply, explanation] = await Promise.all([
    lookUp(server, { name, type }, { tcp: typed.options['tcp'] === true }),
    callApi(connection, { path: `/api/v1/resolve?${query}`, timeoutMs: 2000 }),
  ]);
  if ('problem' in reply) {
    const problem = `Cannot resolve ${name}: ${reply.problem}.`;
    const hint =
      reply.kind === 'refused' ? ' Start rollcall with "rollcall serve", or name another server with --server.' : '';
    return printFault({ problem: problem + hint, code: exitCodes.failed }, context);
  }
  const reason = 'problem' in explanation ? undefined : textField(explanation.document, 'reason');
  const isAsked = typed.options['server'] !== undefined && !('problem' in explanation);
  const other = isAsked ? disagreement(reply, explanation.document) : undefined;
  // A reason may have it already.
  const isKnown = 'problem' in explanation || reason?.includes('rollcall ') === true;
  const next = isKnown ? undefined : await nextStep(connection, name, reply);
  const document = {
    name,
    type: typeText.toUpperCase(),
    server: hostPortText(server),
    ...reply,
    reason: reason ?? null,
    next: next ?? null,
    rollcall: other === undefined ? null : { answers: other.own, why: other.why },
  };
  await print(context, typed, document, () => replyText(document, reply, { reason, other, next }, context));
  return codeOf(reply);
}

function nameFault(name: string): CommandFault | undefined {
  const path = typedPathOf(name);
  if (path !== undefined) {
    const asName = [path.instance, path.appid, path.env, 'svc'].filter((label) => label !== undefined).join('.');
    return usageFault(`${JSON.stringify(name)} is no DNS name: ask for ${printable(asName)}`);
  }
  if (/^[!-~]{1,254}$/.test(name)) return undefined;
  return usageFault(
    `${JSON.stringify(name)} is no name to ask for: 1 to 253 printable ASCII characters; write others in their xn-- form`,
  );
}

function codeOf({ rcode, answer }: DnsReply): ExitCode {
  if (rcode === 'NXDOMAIN') return exitCodes.missing;
  if (rcode !== 'NOERROR') return exitCodes.failed;
  return answer.length > 0 ? exitCodes.ok : exitCodes.empty;
}

interface Asked {
  readonly name: string;
  readonly type: string;
  readonly server: string;
}

interface Explained {
  readonly reason: string | undefined;
  readonly other: Disagreement | undefined;
  /** Commands. */
  readonly next: string | undefined;
}

function replyText(
  { name, type, server }: Asked,
  reply: DnsReply,
  { reason, other, next }: Explained,
  context: CliContext,
): string {
  const paint = painter(context);
  const { rcode, flags, transport, bytes, ms, answer } = reply;
  const isNodata = rcode === 'NOERROR' && answer.length === 0;
  const style = rcode !== 'NOERROR' ? 'bad' : isNodata ? 'doubtful' : 'good';
  const verdict = isNodata ? 'NOERROR without data (NODATA)' : rcode;
  const records = (['answer', 'authority', 'additional'] as const).flatMap((section) => {
    const rows = reply[section];
    if (rows.length === 0) return [];
    const [nameWidth, ttlWidth, typeWidth] = (['name', 'ttl', 'type'] as const).map((key) =>
      Math.max(...rows.map((row) => String(row[key]).length)),
    );
    const lines = rows.map((row) =>
      [
        row.name.padEnd(nameWidth ?? 0),
        String(row.ttl).padStart(ttlWidth ?? 0),
        row.type.padEnd(typeWidth ?? 0),
        row.data,
      ].join('  '),
    );
    return ['', paint('strong', section.toUpperCase()), ...lines.map((line) => `  ${line}`)];
  });
  return [
    `${name} ${type}: ${paint(style, verdict)}`,
    paint('faint', `flags ${flags.join(' ')} · ${server} over ${transport} · ${bytes} bytes · ${ms} ms`),
    ...reply.extendedErrors.map(({ code, text }) => `extended error ${code}, ${text}`),
    ...records,
    ...(other === undefined
      ? []
      : ['', `${paint('doubtful', 'rollcall itself answers')} ${printable(other.own)}; ${other.why}`]),
    ...(reason ? ['', `Why${other === undefined ? '' : ' rollcall answers so'}: ${printable(reason)}`] : []),
    ...(next === undefined ? [] : [`Next: ${printable(next)}`]),
    '',
  ].join('\n');
}

const examples = `
Examples:
  rollcall resolve orders.prod.svc                             A records, from rollcall itself
  rollcall resolve _http._tcp.orders.prod.svc SRV
  rollcall resolve orders.prod.svc --server 127.0.0.1:53       what the resolver in front answers
  rollcall resolve orders.prod.svc AAAA --output json | jq .answer

The second column of a record is its TTL: for how many seconds it may still be kept. "Why" is the reason that rollcall
itself gives; it is asked for over HTTP (--url) and left out where that does not answer. Where --server answers
otherwise than rollcall, a line has rollcall's answer, and which of them is old.

Exit codes: 0 records · 3 the name exists without such records (NODATA) · 4 no such name (NXDOMAIN)
            1 no answer, or an error such as REFUSED or SERVFAIL
`;
