// Answers as octets, read back by an independent and stricter decoder: compression where it is legal and nowhere
// else, and what happens when not all fits.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnswerEncoder, type Encoded, type Turns } from '../../../src/dns/message/encode.ts';
import { type Answer, Rcode, type RRset, RRType } from '../../../src/dns/message/message.ts';
import { fold, name } from '../../../src/dns/message/name.ts';
import { packet } from '../../kit/dns/packet.ts';
import { type Reply, readReply } from '../../kit/dns/reply.ts';
import { recordOf } from '../../kit/dns/static-records.ts';

const empty: Answer = {
  rcode: Rcode.NOERROR,
  authoritative: true,
  answer: [],
  authority: [],
  additional: [],
  glue: [],
  reason: '',
  lifetime: { caching: 'keep', validUntilMs: Number.POSITIVE_INFINITY, sources: [] },
};

/** Lines of one owner and type -> an RRset. */
function rrset(...lines: readonly string[]): RRset {
  const records = lines.map(recordOf);
  const [first] = records;
  if (first === undefined) throw new Error('no records');
  return { owner: first.owner, type: first.type, ttl: first.ttl, rdatas: records.map(({ rdata }) => rdata) };
}

function encode(sections: Partial<Answer>, limit = 65_535, qname = 'www.svc.'): Encoded & { bytes: Buffer } {
  const question = packet({ name: qname }).subarray(12);
  const encoded = new AnswerEncoder().encode(fold(name(qname)), question, { ...empty, ...sections }, limit);
  return { ...encoded, bytes: Buffer.from(encoded.octets, 'latin1') };
}

/** Where these records of those that take turns begin. */
function offsetsIn(bytes: Buffer, turns: Turns | undefined, records: readonly number[]): number[] {
  const { at, headOctets } = turns as Turns;
  const offsets = [at];
  while (offsets.length <= Math.max(...records)) {
    const lengthAt = (offsets.at(-1) as number) + headOctets;
    offsets.push(lengthAt + 2 + bytes.readUInt16BE(lengthAt));
  }
  return records.map((record) => offsets[record] as number);
}

function read(sections: Partial<Answer>, limit?: number, qname?: string): Reply {
  return readReply(encode(sections, limit, qname).bytes);
}

const hosts = (count: number, owner = 'www.svc.') =>
  rrset(...Array.from({ length: count }, (_, i) => `${owner} 60 A 10.0.${i >> 8}.${i & 255}`));
const soa = rrset('svc. 5 SOA ns.svc. hostmaster.svc. 7 3600 600 86400 5');
const opaque = (owner: string, octets: number) => rrset(`${owner} 60 TYPE999 ${'ab'.repeat(octets)}`);

describe('names are compressed', () => {
  test('to two octets where the question has them, and the letters of the question return', () => {
    const { bytes } = encode({ answer: [hosts(1)] }, 512, 'WwW.sVc.');
    expect(bytes).toHaveLength(12 + 13 + 16);
    expect(readReply(bytes).answer[0]?.owner).toBe('WwW.sVc.');
  });

  test('in the data of NS, CNAME, SOA, PTR and MX', () => {
    const lines = ['NS ns.svc.', 'CNAME ns.svc.', 'PTR ns.svc.', 'MX 10 ns.svc.', 'SOA ns.svc. host.ns.svc. 1 2 3 4 5'];
    const answer = lines.map((line) => rrset(`www.svc. 60 ${line}`));
    const reply = read({ answer });
    expect(reply.answer.map(({ type, data }) => `${type} ${data}`)).toEqual(lines);
    // `ns` once in full (3 octets and a pointer), then pointers alone.
    const data = [5, 2, 2, 4, 2 + 7 + 20];
    expect(reply.octets).toBe(12 + 13 + 5 * 12 + data.reduce((a, b) => a + b));
  });

  test('never in SRV or DNAME data, nor may later names point there', () => {
    const answer = [rrset('www.svc. 60 SRV 0 5 80 host.www.svc.'), rrset('www.svc. 60 DNAME host.www.svc.')];
    const { bytes } = encode({ answer, additional: [hosts(1, 'host.www.svc.')] });
    expect(bytes.indexOf('\x04host\x03www\x03svc\0', 0, 'latin1')).toBeGreaterThan(0);
    const reply = readReply(bytes);
    expect(reply.answer.map(({ data }) => data)).toEqual(['0 5 80 host.www.svc.', 'host.www.svc.']);
    expect(reply.additional[0]?.owner).toBe('host.www.svc.');
  });

  test('not where only dots look alike', () => {
    const { bytes } = encode({ answer: [rrset('a.svc. 60 CNAME x\\.www.svc.')] });
    expect(readReply(bytes).answer[0]?.data).toBe('x\\.www.svc.');
  });

  test('without regard to letter case', () => {
    const { bytes } = encode({ answer: [rrset('www.svc. 60 CNAME NS.SVC.'), rrset('ns.svc. 60 A 10.0.0.1')] });
    expect(readReply(bytes).answer.map(({ owner }) => owner)).toEqual(['www.svc.', 'NS.svc.']);
  });

  test('never by a pointer over 14 bits, nor to one in a message that was rolled back', () => {
    const answer = [opaque('www.svc.', 16_400), hosts(1, 'far.away.'), hosts(2, 'far.away.')];
    const reply = read({ answer });
    expect(reply.answer.map(({ owner }) => owner)).toEqual(['www.svc.', 'far.away.', 'far.away.', 'far.away.']);
    expect(reply.octets).toBe(12 + 13 + 12 + 16_400 + 3 * (10 + 10 + 4));
    const additional = [
      rrset('far.away. 60 TYPE999 ab', `far.away. 60 TYPE999 ${'ab'.repeat(500)}`),
      hosts(1, 'far.away.'),
    ];
    expect(read({ additional }, 512).additional.map(({ type, owner }) => `${owner} ${type}`)).toEqual(['far.away. A']);
  });

  test('down to the last place that a pointer can name', () => {
    for (const octets of [16_383, 16_384, 16_385]) {
      const reply = read({ answer: [opaque('www.svc.', octets - 12 - 13 - 12), hosts(2, 'far.away.')] });
      expect(reply.answer.map(({ owner }) => owner)).toEqual(['www.svc.', 'far.away.', 'far.away.']);
    }
  });
});

describe('what does not fit', () => {
  const text = rrset(`www.svc. 60 TXT ${'x'.repeat(200)}`);

  test('at exactly the limit does fit', () => {
    const { bytes } = encode({ answer: [hosts(30)] });
    expect(read({ answer: [hosts(30)] }, bytes.length)).toMatchObject({ tc: false, answer: { length: 30 } });
    expect(read({ answer: [hosts(30)] }, bytes.length - 1)).toMatchObject({ tc: true, answer: { length: 29 } });
  });

  test('loses ADDITIONAL first, by whole RRsets and without TC', () => {
    const additional = [hosts(20, 'a.svc.'), hosts(60, 'b.svc.'), hosts(2, 'c.svc.')];
    const encoded = encode({ answer: [text], additional }, 700);
    const reply = readReply(encoded.bytes);
    expect(reply.tc).toBe(false);
    expect(new Set(reply.additional.map(({ owner }) => owner))).toEqual(new Set(['a.svc.', 'c.svc.']));
    expect(reply.additional).toHaveLength(22);
    expect(encoded).toMatchObject({ isWhole: false, isTruncated: false });
  });

  test('sets TC after as many records of the answer as fit, and leaves the other sections out', () => {
    const encoded = encode({ answer: [hosts(60)], authority: [soa], additional: [hosts(1, 'a.svc.')] }, 512);
    const reply = readReply(encoded.bytes);
    expect(reply).toMatchObject({ tc: true, authority: [], additional: [] });
    expect(reply.answer).toHaveLength(Math.floor((512 - 12 - 13) / 16));
    expect(encoded).toMatchObject({ isWhole: false, isTruncated: true });
  });

  test('keeps an alias whose target does not fit', () => {
    const reply = read({ answer: [rrset('www.svc. 60 CNAME a.svc.'), opaque('a.svc.', 600)] }, 512);
    expect(reply).toMatchObject({ tc: true, answer: [{ type: 'CNAME' }] });
  });

  test('sets TC for glue, without which a referral is useless', () => {
    const referral = { authoritative: false, authority: [rrset('a.svc. 60 NS ns.a.svc.')] };
    expect(read({ ...referral, glue: [hosts(2, 'ns.a.svc.')] }, 512)).toMatchObject({ tc: false, aa: false });
    expect(read({ ...referral, glue: [hosts(60, 'ns.a.svc.')] }, 512).tc).toBe(true);
    expect(read({ ...referral, additional: [hosts(60, 'ns.a.svc.')] }, 512).tc).toBe(false);
  });

  test('is left out even over TCP at 65535 octets', () => {
    const answer = [rrset(...Array.from({ length: 3 }, (_, i) => `www.svc. 60 TYPE999 ${`0${i}`.repeat(30_000)}`))];
    const encoded = encode({ answer });
    expect(encoded.bytes.length).toBeLessThanOrEqual(65_535);
    expect(readReply(encoded.bytes)).toMatchObject({ tc: true, answer: { length: 2 } });
    expect(read({ answer: [opaque('www.svc.', 65_535)] })).toMatchObject({ tc: true, answer: [] });
  });
});

describe('the header', () => {
  test('has QR, AA and the rcode, nothing of the request', () => {
    const { bytes } = encode({ rcode: Rcode.NXDOMAIN, authority: [soa] });
    expect(bytes.subarray(0, 12).toString('hex')).toBe('000084030001000000010000');
  });

  test('has no AA in a referral', () => expect(read({ authoritative: false }).flags).toBe('QR'));
});

test('the serial of a negative answer’s SOA is at the offset that the encoder returns', () => {
  const { bytes, serialAt } = encode({ rcode: Rcode.NXDOMAIN, authority: [soa] });
  expect(bytes.readUInt32BE(serialAt)).toBe(7);
  expect(encode({ answer: [hosts(1)] }).serialAt).toBe(0);
});

describe('records that take turns', () => {
  const rotation = { span: 40, firsts: Uint8Array.from({ length: 40 }, (_, i) => i) };
  const srv = rrset(...Array.from({ length: 40 }, (_, i) => `_http._tcp.svc. 60 SRV 0 5 80 h${i}.svc.`));
  const targets = Array.from({ length: 40 }, (_, i) => hosts(1, `h${i}.svc.`));

  test('stand one behind the other, and none points at another', () => {
    const encoded = encode({ answer: [{ ...srv, rotation }], additional: targets }, 65_535, '_http._tcp.svc.');
    const { bytes, turns } = encoded;
    expect(turns).toMatchObject({ records: 40 });
    for (const first of [1, 17, 39]) {
      const [start, second, end] = offsetsIn(bytes, turns, [0, first, 40]);
      const turned = Buffer.from(bytes);
      Buffer.concat([bytes.subarray(second, end), bytes.subarray(start, second)]).copy(turned, start);
      const reply = readReply(turned);
      expect(reply.answer[0]?.data).toBe(`0 5 80 h${first}.svc.`);
      expect(reply.additional).toHaveLength(40);
    }
  });

  test('end where the answer is cut, and none that is missing comes first', () => {
    const { turns, bytes } = encode({ answer: [{ ...srv, rotation }] }, 512, '_http._tcp.svc.');
    const written = readReply(bytes).answer.length;
    expect(turns?.records).toBe(written);
    expect([...(turns?.firsts ?? [])]).toEqual(Array.from({ length: written }, (_, i) => i));
  });

  test('share no names but those of the question', () => {
    const ptr = rrset(...Array.from({ length: 5 }, (_, i) => `_http._tcp.svc. 60 PTR h${i}.x.example.`));
    const { bytes, turns } = encode(
      { answer: [{ ...ptr, rotation: { ...rotation, span: 5 } }] },
      65_535,
      '_http._tcp.svc.',
    );
    const [start, second, end] = offsetsIn(bytes, turns, [0, 1, 5]);
    const turned = Buffer.concat([
      bytes.subarray(0, start),
      bytes.subarray(second, end),
      bytes.subarray(start, second),
    ]);
    expect(readReply(turned).answer.map(({ data }) => data)).toEqual([1, 2, 3, 4, 0].map((i) => `h${i}.x.example.`));
  });

  test('have a single turn where only one fits, so that the next answer is another one', () => {
    const { turns } = encode({ answer: [{ ...srv, rotation }] }, 70, '_http._tcp.svc.');
    expect(turns?.firsts).toEqual(Uint8Array.of(0));
  });
});

test('any set of records reads back as it was, in order, at any limit', () => {
  const label = fc.constantFrom('a', 'b', 'c', 'long-label-of-many-letters', 'A');
  const owner = fc.array(label, { maxLength: 5 }).map((labels) => `${[...labels, 'svc'].join('.')}.`);
  const data = fc.oneof(
    fc.constant('A 10.0.0.1'),
    owner.map((target) => `NS ${target}`),
    owner.map((target) => `SRV 1 2 3 ${target}`),
    owner.map((target) => `MX 5 ${target}`),
    fc.integer({ min: 1, max: 300 }).map((octets) => `TYPE999 ${'00'.repeat(octets)}`),
  );
  const sets = fc.array(
    fc.tuple(owner, data).map(([at, text]) => rrset(`${at} 60 ${text}`)),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(sets, sets, owner, fc.integer({ min: 100, max: 1500 }), (answer, additional, qname, limit) => {
      const whole = read({ answer, additional }, 65_535, qname);
      const cut = read({ answer, additional }, limit, qname);
      expect(cut.octets).toBeLessThanOrEqual(Math.max(limit, 12 + qname.length + 1 + 4));
      expect(cut.answer.map(({ data: one }) => one)).toEqual(
        whole.answer.slice(0, cut.answer.length).map(({ data: one }) => one),
      );
      expect(cut.tc).toBe(cut.answer.length < answer.length);
      expect(whole.answer.map(({ type }) => type)).toEqual(answer.map(({ type }) => typeText(type)));
    }),
    { numRuns: 300 },
  );
});

function typeText(type: number): string {
  return Object.entries(RRType).find(([, number]) => number === type)?.[0] ?? `TYPE${type}`;
}

describe('what does not fit', () => {
  const text = (size: number, letter: string): RRset => rrset(`www.svc. 60 TXT "${letter.repeat(size)}"`);

  test('leaves out the record that is too large, and carries the smaller ones after it', () => {
    const [large, small, other] = [text(200, 'l'), text(20, 's'), text(30, 'o')];
    const texts = { ...small, rdatas: [...small.rdatas, ...large.rdatas, ...other.rdatas] };
    const encoded = encode({ answer: [texts] }, 150);
    const { tc, answer } = readReply(encoded.bytes);
    expect(tc).toBe(true);
    expect(answer.map(({ data }) => data.replace(/[^a-z]/g, '')[0])).toEqual(['s', 'o']);
    expect(encoded.written).toEqual([[0, 2]]);
  });

  test('records that take turns do so without the one that was left out', () => {
    const [large, small, other] = [text(200, 'l'), text(20, 's'), text(30, 'o')];
    const rdatas = [...large.rdatas, ...small.rdatas, ...other.rdatas];
    const rotation = { span: 3, firsts: Uint8Array.from([0, 1, 2, 0, 1, 2]) };
    const { turns, written } = encode({ answer: [{ ...small, rdatas, rotation }] }, 150);
    expect(written).toEqual([[1, 2]]);
    // Each that is there has a turn, though the first of all is of one that is not.
    expect(turns).toMatchObject({ records: 2, firsts: Uint8Array.from([0, 1]) });
  });
});

describe('compression', () => {
  /** Pointers that are followed to read the name at `at`. */
  function hopsOf(bytes: Buffer, at: number): number {
    for (let hops = 0, next = at; ; ) {
      const length = bytes[next] as number;
      if (length === 0) return hops;
      if (length >= 0xc0) {
        hops++;
        next = bytes.readUInt16BE(next) & 0x3fff;
      } else next += 1 + length;
    }
  }

  test('never makes a chain of more than eight pointers, and every name reads as it was', () => {
    // Each target is a label below the one before it: the worst case.
    const names = Array.from(
      { length: 20 },
      (_, i) => `${Array.from({ length: i + 1 }, (_, j) => `l${i - j}`).join('.')}.svc.`,
    );
    const records = names.slice(1).map((target, i) => rrset(`${names[i]} 60 CNAME ${target}`));
    const { bytes } = encode({ answer: records }, 65_535, names[0]);
    expect(readReply(bytes).answer.map(({ data }) => data)).toEqual(names.slice(1));
    let at = bytes.indexOf(0, 12) + 5;
    let most = 0;
    for (let record = 0; record < records.length; record++) {
      most = Math.max(most, hopsOf(bytes, at));
      while ((bytes[at] as number) > 0 && (bytes[at] as number) < 0xc0) at += 1 + (bytes[at] as number);
      at += (bytes[at] as number) >= 0xc0 ? 2 : 1;
      most = Math.max(most, hopsOf(bytes, at + 10));
      at += 10 + bytes.readUInt16BE(at + 8);
    }
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(4);
  });
});
