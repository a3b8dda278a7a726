// One reason for one answer, given in three ways: EDE on the wire, `_why.` as TXT, explain() for HTTP. For any registry
// and any name they agree, and are true (see kit/reason-truth.ts for when a sentence is).

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from '../../../src/dns/server/explain.ts';
import type { InstanceRecord } from '../../../src/model/instance-record.ts';
import { reasonOf } from '../../kit/dns/reason.ts';
import { type Asked, untruth } from '../../kit/dns/reason-truth.ts';
import { Harness } from '../../kit/registry/harness.ts';

const appids = ['orders', 'order', 'border', 'pay', 'acme.pay', 'com.acme.pay', 'orders.pay'];
const address = fc.constantFrom(
  'http://10.0.0.1:80',
  'http://10.0.0.2:80',
  'grpc://10.0.0.1:90',
  'dns+udp://10.0.0.3:53',
  'http://[2001:db8::1]:80',
  'amqp://mq.example.org:5672',
);
const body = fc.record({
  addrs: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }),
  status: fc.constantFrom('up', 'up', 'waiting'),
  version: fc.constantFrom('', '1.2', '2'),
  tags: fc.subarray(['canary', 'big']),
});
/** Mostly one app, so that it has several instances. */
const env = fc.constantFrom('prod', 'prod', 'prod', 'dev');
const appid = fc.oneof({ weight: 2, arbitrary: fc.constant('orders') }, fc.constantFrom(...appids));
const write = fc.tuple(env, appid, fc.constantFrom('a', 'b', 'c'), body);
/** The last of them cancels. */
const history = fc.array(fc.tuple(write, fc.nat(9)), { maxLength: 16 });

interface Selected {
  readonly prefix: string;
  readonly isMeant: (stored: InstanceRecord) => boolean;
}

const everything: Selected = { prefix: '', isMeant: () => true };
const selections: readonly Selected[] = [
  everything,
  ...['1.2', '2'].map((version) => ({
    prefix: `${version}._version.`,
    isMeant: ({ instance }: InstanceRecord) => instance.version === version,
  })),
  { prefix: 'canary._tag.', isMeant: ({ instance }) => instance.tags.includes('canary') },
  { prefix: 'http._port.', isMeant: ({ instance }) => instance.addrs.some(({ portName }) => portName === 'http') },
  ...['http.tcp', 'grpc.tcp', 'dns.udp', 'dns.tcp'].map((text) => {
    const [portName = '', protocol = ''] = text.split('.');
    const serves = (one: { portName: string; protocol: string }) =>
      one.portName === portName && one.protocol === protocol;
    return {
      prefix: `_${portName}._${protocol}.`,
      isMeant: ({ instance }: InstanceRecord) => instance.addrs.some(serves),
    };
  }),
  ...['a', 'b', 'd'].map((label) => ({
    prefix: `${label}.`,
    isMeant: ({ instance }: InstanceRecord) => instance.label === label,
  })),
  {
    prefix: 'http.a.',
    isMeant: ({ instance }) => instance.label === 'a' && instance.addrs.some(({ portName }) => portName === 'http'),
  },
];

const question = fc.record({
  selected: fc.constantFrom(...selections),
  appid: fc.oneof(
    { weight: 3, arbitrary: appid },
    fc.constantFrom('ordres', 'ord', 'acme', 'me.pay', 'nothing-like-it', 'payy', '_http._tcp', '_imap._tcp', ''),
  ),
  env: fc.oneof({ weight: 9, arbitrary: env }, fc.constant('test')),
  type: fc.constantFrom('A', 'AAAA', 'SRV', 'SRV', 'TXT', 'HTTPS', 'MX'),
});

test('EDE, _why and explain() agree for any name, and are true', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(history, fc.array(question, { minLength: 1, maxLength: 12 }), (writes, questions) => {
      const harness = new Harness();
      for (const [[env, appid, id, registration], action] of writes) {
        const { kind } = harness.register(`${appid}.${env}/${id}`, registration);
        if (action === 0 && kind === 'created') harness.cancel(`${appid}.${env}/${id}`);
      }
      const all = [...harness.registry.apps()].flatMap((app) => [...app.instances()]);
      for (const one of questions) check(harness, all, one);
    }),
    { numRuns: 250 },
  );
});

function check(
  harness: Harness,
  all: readonly InstanceRecord[],
  { selected, appid, env, type }: typeof question extends fc.Arbitrary<infer T> ? T : never,
): void {
  const rest = appid === '' ? '' : `${selected.prefix}${appid}`;
  const name = `${rest === '' ? '' : `${rest}.`}${env}.svc.`;
  // Looking for close names is limited per second.
  const nextSecond = () => harness.clock.advance(1000);
  nextSecond();
  const reply = harness.query(name, type, { edns: true, tcp: true });
  const ofType = reply.answer.filter((record) => record.type === type);

  // explain()
  nextSecond();
  const explained = explain(name, type, harness.zones, harness.clock.monotonicMs());
  if ('problems' in explained) throw new Error(`${name}: ${JSON.stringify(explained)}`);
  expect(explained).toMatchObject({ rcode: reply.rcode, name, type, flags: ['qr', 'aa'] });
  expect(explained.answer).toHaveLength(reply.answer.length);
  expect(explained.authority).toHaveLength(reply.authority.length);

  // EDE: the same words where there is nothing, and none where there is something.
  expect(reasonOf(reply)).toEqual(ofType.length > 0 ? undefined : { code: 0, text: explained.reason });

  // _why: a line for the type, with the same words.
  if (type !== 'HTTPS' && type !== 'MX') {
    nextSecond();
    const lines = harness.data(`_why.${name}`, 'TXT').map((text) => text.slice(1, -1));
    const expected = `${ofType.length > 0 ? '' : 'nothing, '}${explained.reason}`;
    if (reply.rcode === 'NOERROR') expect(lines.filter((line) => isAbout(line, type, expected))).toHaveLength(1);
    else expect(lines).toEqual([`${reply.rcode}: ${explained.reason}`]);
  }

  // And it is true.
  const isAppName = all.some(({ instance }) => instance.env === env && instance.appid === appid);
  const ofApp = all.filter(({ instance }) => instance.env === env && instance.appid === appid);
  const asked: Asked = {
    env,
    rest,
    meant: isAppName ? ofApp.filter(selected.isMeant) : undefined,
    rcode: reply.rcode,
    records: ofType.length,
  };
  const browses = /^names for browsing have no records but PTR$/.test(explained.reason);
  if (browses) expect([reply.rcode, appid.startsWith('_'), ofType]).toEqual(['NOERROR', true, []]);
  else expect([name, type, untruth(explained.reason, asked, all)]).toEqual([name, type, undefined]);
}

function isAbout(line: string, type: string, expected: string): boolean {
  const [, types = '', words] = /^([A-Z ]+): (.*)$/.exec(line) ?? [];
  return types.split(' ').includes(type) && words === expected;
}

test('any octets as a name: there is a reason, in words for a terminal, the same again from explain()', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  const tail = fc.constantFrom(['svc'], ['prod', 'svc'], ['orders', 'prod', 'svc'], ['10', 'in-addr', 'arpa'], []);
  const harness = new Harness();
  harness.register('orders.prod/a');
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 6 }), tail, (labels, end) => {
      harness.clock.advance(1000);
      const reply = harness.query([...labels, ...end], 'MX', { edns: true });
      const { text } = reasonOf(reply) ?? { text: 'none' };
      expect(text).toMatch(/^[ -~]{0,160}$/);
      const name = [...labels, ...end]
        .map((one) =>
          [...(typeof one === 'string' ? Buffer.from(one) : one)].map((octet) => `\\${`${octet}`.padStart(3, '0')}`),
        )
        .map((octets) => octets.join(''))
        .join('.');
      const explained = explain(name, 'MX', harness.zones, harness.clock.monotonicMs());
      if ('problems' in explained) throw new Error(JSON.stringify(explained));
      expect(explained.rcode).toBe(reply.rcode);
      if (reply.rcode === 'REFUSED') expect(text).toBe('');
      else expect(explained.reason.startsWith(text.replace(/\.\.\.$/, ''))).toBe(true);
    }),
    { numRuns: 500 },
  );
  expect(harness.faults).toEqual([]);
});
