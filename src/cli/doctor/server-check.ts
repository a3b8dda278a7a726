// The server itself, asked directly: is it there, is it the one for the origin, has it restored its state, and do its
// clock and ours agree.

import { callApi } from '../api-call.ts';
import { addressText, type ServerConnection } from '../connection.ts';
import { type DnsReply, lookUp, type NoReply } from '../dns/lookup.ts';
import { typeNumber } from '../dns/record-types.ts';
import { type HostPort, hostPortText } from '../host-port.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** `soa`: the origin's, as rollcall itself gives it; undefined: it does not. */
export async function checkDns(
  server: HostPort,
  origin: string,
): Promise<{ finding: Finding; soa: DnsReply | undefined }> {
  const what = `rollcall at ${hostPortText(server)}`;
  const reply = await lookUp(server, { name: origin, type: typeNumber('SOA') ?? 6 }, { recurse: false });
  const finding = dnsFinding(what, reply, origin);
  return { finding, soa: 'rcode' in reply && finding.level === 'ok' ? reply : undefined };
}

function dnsFinding(what: string, reply: DnsReply | NoReply, origin: string): Finding {
  if ('problem' in reply) {
    return fail(what, reply.problem, 'start it with "rollcall serve", or name its DNS address with --server');
  }
  const soa = reply.answer.find(({ type }) => type === 'SOA');
  if (reply.rcode === 'NOERROR' && soa !== undefined) {
    if (reply.flags.includes('aa'))
      return ok(what, `answers for ${origin}. with authority, serial ${soa.data.split(' ')[2]}`);
    return warn(
      what,
      `knows ${origin}. but is not its authority: a resolver, not rollcall`,
      'name the DNS address of rollcall itself with --server',
    );
  }
  if (reply.rcode === 'REFUSED' || reply.rcode === 'NXDOMAIN')
    return fail(
      what,
      `answers ${reply.rcode} for ${origin}.: it has another origin`,
      'name the origin that the server has with --origin ("rollcall config" prints it)',
    );
  if (reply.rcode === 'SERVFAIL')
    return fail(
      what,
      `answers SERVFAIL for ${origin}.: it has not recovered its state yet, or its zone is broken`,
      'look at its log and at /readyz',
    );
  return fail(
    what,
    `answers ${reply.rcode} without a SOA for ${origin}`,
    'is this rollcall? name its DNS address with --server',
  );
}

/** Beyond this, times exchanged between two machines (dirtyAt, safeToStopAt) are misleading. */
const clockSkewMsMax = 2000;

export async function checkApi(connection: ServerConnection): Promise<Finding[]> {
  const what = `API at ${addressText(connection)}`;
  const before = Date.now();
  const reply = await callApi(connection, { path: '/readyz', timeoutMs: 3000 });
  if ('problem' in reply)
    return [warn(what, reply.problem.replace(/\.$/, ''), 'name it with --url; the checks that need it are left out')];
  const after = Date.now();
  const theirs = Date.parse(reply.headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return [ok(what, 'is ready')];
  // The header has whole seconds: it is as late as the reply at most, and up to a second too early.
  const skewMs = theirs > after ? theirs - after : theirs + 1000 < before ? theirs + 1000 - before : 0;
  if (Math.abs(skewMs) <= clockSkewMsMax)
    return [ok(what, 'is ready'), ok('clock', "agrees with the server's to the second or two")];
  const way = skewMs > 0 ? 'behind' : 'ahead of';
  return [
    ok(what, 'is ready'),
    warn(
      'clock',
      `is ${Math.round(Math.abs(skewMs) / 1000)} s ${way} the server's: times such as safeToStopAt and dirtyAt mislead`,
      'keep both clocks right with NTP (leases do not depend on it)',
    ),
  ];
}
