// The SOA of a negative answer, written once and moved behind other questions: each reply is read by a strict decoder and
// has the records that it would have without the short way.

import { expect, test } from 'vitest';
import { AnswerEncoder } from '../../../src/dns/message/encode.ts';
import { type Answer, Rcode, type RRset } from '../../../src/dns/message/message.ts';
import { fold, name } from '../../../src/dns/message/name.ts';
import { packet } from '../../kit/dns/packet.ts';
import { readReply } from '../../kit/dns/reply.ts';
import { recordOf } from '../../kit/dns/static-records.ts';

function soaOf(text: string): RRset {
  const { owner, type, ttl, rdata } = recordOf(text);
  return { owner, type, ttl, rdatas: [rdata] };
}

const soas = {
  short: soaOf('svc. 5 SOA ns.svc. hostmaster.svc. 7 3600 600 86400 5'),
  outside: soaOf('svc. 5 SOA ns1.example.net. hostmaster.example.net. 7 3600 600 86400 5'),
  apex: soaOf('prod.svc. 5 SOA prod.svc. prod.svc. 7 3600 600 86400 5'),
  root: soaOf('. 5 SOA ns.svc. . 7 3600 600 86400 5'),
};
const labels = 'x'.repeat(60);
const names = [
  'svc.',
  'a.svc.',
  'prod.svc.',
  'PROD.sVc.',
  'ns.svc.',
  'b.a.prod.svc.',
  `${labels}.${labels}.${labels}.prod.svc.`,
];

function answerOf(soa: RRset): Answer {
  const lifetime = { caching: 'transient', validUntilMs: 0, sources: [] } as const;
  const none = { answer: [], additional: [], glue: [] };
  return { ...none, rcode: Rcode.NXDOMAIN, authoritative: true, authority: [soa], reason: '', lifetime };
}

test('every reply has the SOA as it is, and where its serial is', () => {
  const encoder = new AnswerEncoder();
  for (const soa of Object.values(soas)) {
    const [known] = readReply(encode(new AnswerEncoder(), 'other.', soa).bytes).authority;
    for (const text of names) {
      const { bytes, serialAt } = encode(encoder, text, soa);
      const reply = readReply(bytes);
      expect(reply.rcode).toBe('NXDOMAIN');
      // Names point into the question, and have its letters.
      expect(JSON.stringify(reply.authority).toLowerCase()).toBe(JSON.stringify([known]).toLowerCase());
      expect(bytes.readUInt32BE(serialAt)).toBe(7);
    }
  }
});

test('a reply that it does not fit is truncated', () => {
  const encoder = new AnswerEncoder();
  encode(encoder, 'a.svc.', soas.short);
  const { bytes } = encode(encoder, names.at(-1) as string, soas.short, 230);
  expect(readReply(bytes).tc).toBe(true);
});

function encode(encoder: AnswerEncoder, text: string, soa: RRset, limit = 512) {
  const question = packet({ name: text }).subarray(12);
  const encoded = encoder.encode(fold(name(text)), question, answerOf(soa), limit);
  return { ...encoded, bytes: Buffer.from(encoded.octets, 'latin1') };
}
