// From a resolver's answers to the fault in its configuration.

import { createSocket } from 'node:dgram';
import { expect, onTestFinished, test } from 'vitest';
import type { DnsReply } from '../../../src/cli/dns/lookup.ts';
import type { DnsRecord } from '../../../src/cli/dns/record-text.ts';
import { checkDelegation, delegationFinding, nameFinding } from '../../../src/cli/doctor/resolver-check.ts';

function reply(rcode: string, parts: Partial<DnsReply> = {}): DnsReply {
  const empty = { flags: ['qr'], answer: [], authority: [], additional: [], extendedErrors: [] };
  return { rcode, ...empty, transport: 'UDP', bytes: 100, ms: 1, ...parts };
}

const record = (type: string, data: string, ttl = 5, name = 'svc.'): DnsRecord => ({ name, type, ttl, data });
const soa = (name: string, ttl = 5): DnsRecord => record('SOA', `ns.${name} h.${name} 7 1 1 1 5`, ttl, name);
const addresses = (...all: string[]): Partial<DnsReply> => ({ answer: all.map((data) => record('A', data)) });
const dnssec = { extendedErrors: [{ code: 9, text: 'dnskey missing' }] };

test.each([
  ['knows it', reply('NOERROR', { answer: [soa('svc.')] }), 'ok', /knows svc\. \(serial 7\)/, /^$/],
  ['asks the root', reply('NXDOMAIN', { authority: [soa('.')] }), 'fail', /as the root servers do/, /rollcall snippet/],
  [
    'asks another',
    reply('NXDOMAIN', { authority: [soa('corp.')] }),
    'fail',
    /in the name of corp\./,
    /rollcall snippet/,
  ],
  ['refuses', reply('REFUSED'), 'fail', /refuses svc\./, /allow this client/],
  ['cannot reach rollcall', reply('SERVFAIL'), 'fail', /cannot reach rollcall/, /do-not-query-localhost/],
  [
    'wants a proof',
    reply('SERVFAIL', dnssec),
    'fail',
    /\(dnskey missing\): it wants a DNSSEC proof/,
    /domain-insecure/,
  ],
  ['knows the name, not the zone', reply('NOERROR'), 'fail', /without a SOA/, /rollcall snippet/],
  ['is silent', { kind: 'timeout', problem: 'no reply' } as const, 'fail', /no reply/, /firewall/],
  ['is not there', { kind: 'refused', problem: 'nothing listens' } as const, 'fail', /nothing listens/, /start it/],
])('a resolver that %s', (_how, observed, level, why, advice) => {
  const finding = delegationFinding('resolver', observed, 'svc');
  expect(finding).toMatchObject({ level, why: expect.stringMatching(why), advice: expect.stringMatching(advice) });
});

/** A resolver that answers matching names with this rcode, and does not answer others. */
async function resolverThat(host: string, rcode: number, names: RegExp): Promise<{ host: string; port: number }> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.on('message', (query, { address, port }) => {
    if (!names.test(query.toString('latin1'))) return;
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8180 | rcode, 2);
    socket.send(answer, port, address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  return { host, port: socket.address().port };
}

test('a resolver that answers other names but not the origin waits for a server it cannot reach', async () => {
  const resolver = await resolverThat('127.0.0.1', 0, /localhost/);
  const finding = await checkDelegation({ resolver, server: resolver, origin: 'svc' });
  expect(finding).toMatchObject({
    level: 'fail',
    why: expect.stringMatching(/^answers other names, but gives no answer for svc\./),
    advice: expect.stringContaining('rollcall snippet'),
  });
});

test('systemd-resolved that cannot forward is recognised by its address', async () => {
  const resolver = await resolverThat('127.0.0.53', 2, /svc/);
  const finding = await checkDelegation({ resolver, server: resolver, origin: 'svc' });
  expect(finding).toMatchObject({
    level: 'fail',
    why: expect.stringMatching(/SERVFAIL for svc\.: systemd-resolved has no server .* interface/),
    advice: expect.stringMatching(/resolvectl status.*rollcall snippet systemd-resolved/),
  });
});

const ours = reply('NOERROR', addresses('10.0.0.1', '10.0.0.2'));

test.each([
  [
    'the same in another order',
    ours,
    reply('NOERROR', addresses('10.0.0.2', '10.0.0.1')),
    'ok',
    /10\.0\.0\.1, 10\.0\.0\.2/,
  ],
  ['an older answer', ours, reply('NOERROR', addresses('10.0.0.1', '10.0.0.9')), 'warn', /keeps for 5 s more/],
  ['a negative answer of ours', ours, reply('NXDOMAIN', { authority: [soa('svc.', 3)] }), 'warn', /kept for 3 s more/],
  ['no such name, by the root', ours, reply('NXDOMAIN', { authority: [soa('.', 900)] }), 'fail', /in the name of \./],
  ['nothing, without a reason', ours, reply('NOERROR'), 'fail', /private addresses may be filtered/],
  ['an error', ours, reply('SERVFAIL'), 'fail', /answers SERVFAIL/],
  [
    'a zone of its own',
    ours,
    reply('NOERROR', { flags: ['qr', 'aa'], ...addresses('192.0.2.1') }),
    'fail',
    /authority of its own/,
  ],
  ['the same nothing', reply('NXDOMAIN'), reply('NXDOMAIN'), 'ok', /NXDOMAIN/],
  [
    'what is gone',
    reply('NXDOMAIN'),
    reply('NOERROR', addresses('10.0.0.1')),
    'warn',
    /while rollcall answers NXDOMAIN/,
  ],
  ['no reply', ours, { kind: 'timeout', problem: 'no reply' } as const, 'fail', /no reply/],
])('a resolver that answers with %s', (_how, rollcall, theirs, level, why) => {
  expect(nameFinding('name', rollcall, theirs, 'svc')).toMatchObject({ level, why: expect.stringMatching(why) });
});
