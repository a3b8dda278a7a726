// A resolver in front: does it forward the origin to rollcall, and does it answer as rollcall does? Where it does not, its
// rcode, its SOA and its extended errors show which of the common mistakes it is.

import { type DnsReply, lookUp, type NoReply } from '../dns/lookup.ts';
import { typeNumber } from '../dns/record-types.ts';
import { type HostPort, hostPortText } from '../host-port.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

export interface Asked {
  readonly resolver: HostPort;
  readonly server: HostPort;
  /** Without final dot. */
  readonly origin: string;
}

/** Whether the origin is handed over. */
export async function checkDelegation({ resolver, origin }: Asked): Promise<Finding> {
  const what = `resolver ${hostPortText(resolver)}`;
  const reply = await lookUp(resolver, { name: origin, type: typeNumber('SOA') ?? 6 });
  if ('problem' in reply && reply.kind === 'timeout') {
    // A name that it has to know by itself (RFC 6761): is it there at all?
    const own = await lookUp(resolver, { name: 'localhost', type: typeNumber('A') ?? 1 });
    if ('rcode' in own) return stuckFinding(what, origin);
  }
  return isResolvedStub(resolver) && 'rcode' in reply && reply.rcode === 'SERVFAIL'
    ? resolvedFinding(what, origin)
    : delegationFinding(what, reply, origin);
}

/** It answers what it has cached, and waits for an upstream server with this. */
function stuckFinding(what: string, origin: string): Finding {
  return fail(
    what,
    `answers other names, but gives no answer for ${origin}.: it waits for servers that do not answer, rollcall or those of the root`,
    `hand "${origin}" to rollcall there with an address that it can reach ("rollcall snippet"), without a DNSSEC proof, which it would ask the root for`,
  );
}

/** The addresses on which systemd-resolved listens. */
function isResolvedStub({ host }: HostPort): boolean {
  return host === '127.0.0.53' || host === '127.0.0.54';
}

function resolvedFinding(what: string, origin: string): Finding {
  return fail(
    what,
    `answers SERVFAIL for ${origin}.: systemd-resolved has no server for it that answers, or takes the network for down (it wants an interface besides the loopback one), or wants a DNSSEC proof`,
    `"resolvectl status" shows its servers, domains and DNSSEC; "rollcall snippet systemd-resolved" prints what it needs`,
  );
}

/** The diagnosis alone: `reply` is to a question for the origin's SOA. */
export function delegationFinding(what: string, reply: DnsReply | NoReply, origin: string): Finding {
  if ('problem' in reply) {
    const advice =
      reply.kind === 'timeout'
        ? 'is it running, and does a firewall stop UDP port 53?'
        : 'start it, or name another in resolv.conf';
    return fail(what, reply.problem, advice);
  }
  const handOver = `hand "${origin}" to rollcall there: "rollcall snippet unbound" (or dnsmasq, bind, coredns, systemd-resolved) prints how`;
  const soa = reply.answer.find(({ type }) => type === 'SOA');
  if (reply.rcode === 'NOERROR' && soa !== undefined)
    return ok(what, `knows ${origin}. (serial ${soa.data.split(' ')[2]})`);
  const detail = reply.extendedErrors.map(({ text }) => ` (${text})`).join('');
  if (reply.rcode === 'NXDOMAIN') {
    const from = reply.authority.find(({ type }) => type === 'SOA')?.name;
    const who = from === undefined ? '' : from === '.' ? ', as the root servers do' : `, in the name of ${from}`;
    return fail(what, `answers that there is no ${origin}.${who}: it asks elsewhere than rollcall${detail}`, handOver);
  }
  if (reply.rcode === 'REFUSED')
    return fail(
      what,
      `refuses ${origin}.${detail}: it serves other names, or not this client`,
      `allow this client there, and ${handOver}`,
    );
  if (reply.rcode === 'SERVFAIL')
    return fail(what, servfailReason(reply, origin, detail), servfailAdvice(reply, origin));
  return fail(what, `answers ${reply.rcode} without a SOA for ${origin}.${detail}`, handOver);
}

function isDnssec({ extendedErrors }: DnsReply): boolean {
  return extendedErrors.some(({ code }) => (code >= 1 && code <= 2) || (code >= 5 && code <= 12));
}

function servfailReason(reply: DnsReply, origin: string, detail: string): string {
  if (isDnssec(reply))
    return `answers SERVFAIL for ${origin}.${detail}: it wants a DNSSEC proof that the root cannot give`;
  return `answers SERVFAIL for ${origin}.${detail}: it cannot reach rollcall, may not ask 127.0.0.1, or wants a DNSSEC proof`;
}

function servfailAdvice(reply: DnsReply, origin: string): string {
  const proof = `domain-insecure: "${origin}." (Unbound), validate-except { "${origin}"; } (BIND)`;
  return isDnssec(reply) ? proof : `Unbound needs "do-not-query-localhost: no" for 127.0.0.1; and ${proof}`;
}

/** A, or AAAA for a name that has addresses of that kind alone. */
export async function addressType(server: HostPort, name: string): Promise<number> {
  const [a, aaaa] = [typeNumber('A') ?? 1, typeNumber('AAAA') ?? 28];
  for (const type of [a, aaaa]) {
    const reply = await lookUp(server, { name, type }, { recurse: false });
    if ('rcode' in reply && addresses(reply).length > 0) return type;
  }
  return a;
}

/** Whether the resolver answers for a name as rollcall does. */
export async function checkName({ resolver, server, origin }: Asked, name: string): Promise<Finding> {
  const question = { name, type: await addressType(server, name) };
  const [theirs, ours] = [await lookUp(resolver, question), await lookUp(server, question, { recurse: false })];
  const what = `${name} at ${hostPortText(resolver)}`;
  if ('problem' in ours)
    return fail(what, `rollcall itself does not answer: ${ours.problem}`, 'start it with "rollcall serve"');
  return nameFinding(what, ours, theirs, origin);
}

/** The diagnosis alone: the answers to one question for addresses. */
export function nameFinding(what: string, ours: DnsReply, theirs: DnsReply | NoReply, origin: string): Finding {
  if ('problem' in theirs) return fail(what, theirs.problem, 'is the resolver running?');
  const [wanted, got] = [addresses(ours), addresses(theirs)];
  if (wanted.length > 0 && got.length === 0) return emptyFinding(what, theirs, wanted, origin);
  if (theirs.flags.includes('aa') && got.length > 0 && !got.some((address) => wanted.includes(address))) {
    return fail(
      what,
      `answers ${shown(theirs, got)} with an authority of its own; rollcall answers ${shown(ours, wanted)}`,
      'remove the zone or record of that name from the resolver',
    );
  }
  if (theirs.rcode !== ours.rcode || !isSame(wanted, got)) {
    const left = Math.max(0, ...theirs.answer.map(({ ttl }) => ttl));
    return warn(
      what,
      `answers ${shown(theirs, got)} while rollcall answers ${shown(ours, wanted)}: an answer it keeps for ${left} s more`,
      'ask again then; if it stays, the resolver keeps answers longer than their TTL',
    );
  }
  return ok(what, `answers as rollcall does: ${shown(ours, wanted)}`);
}

function emptyFinding(what: string, theirs: DnsReply, wanted: readonly string[], origin: string): Finding {
  const soa = theirs.authority.find(({ type }) => type === 'SOA');
  const isOurs = soa?.name === `${origin}.`;
  const known = `rollcall answers ${wanted.join(', ')}`;
  if (theirs.rcode === 'NXDOMAIN' || theirs.rcode === 'NOERROR') {
    const detail =
      theirs.rcode === 'NXDOMAIN' ? 'answers that there is no such name' : 'answers that it has no address';
    if (isOurs)
      return warn(
        what,
        `${detail}, ${known}: a negative answer from before, kept for ${soa.ttl} s more`,
        'wait that long, or flush the name there; negativeTtlSeconds sets how long such answers last',
      );
    if (theirs.rcode === 'NOERROR' && soa === undefined) {
      return fail(
        what,
        `${detail}, ${known}: private addresses may be filtered there, or a negative answer is kept`,
        'allow them: rebind-domain-ok (dnsmasq), private-domain (Unbound)',
      );
    }
    return fail(
      what,
      `${detail}${soa === undefined ? '' : ` in the name of ${soa.name}`}, ${known}`,
      'the domain is not handed to rollcall there: see "rollcall snippet"',
    );
  }
  return fail(what, `answers ${theirs.rcode}, ${known}`, 'see the line of that resolver above');
}

function addresses({ answer }: DnsReply): string[] {
  return answer
    .filter(({ type }) => type === 'A' || type === 'AAAA')
    .map(({ data }) => data)
    .sort();
}

/** Of a hundred or more, each answer holds a choice of its own. */
function isSame(wanted: readonly string[], got: readonly string[]): boolean {
  return wanted.length >= 100 ? got.length > 0 : wanted.join() === got.join();
}

function shown({ rcode }: DnsReply, found: readonly string[]): string {
  if (found.length === 0) return rcode === 'NOERROR' ? 'no address' : rcode;
  return found.length > 4 ? `${found.slice(0, 4).join(', ')} and ${found.length - 4} more` : found.join(', ');
}
