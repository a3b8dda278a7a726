// Requests that no resolver sends: headers, framing, names and EDNS that are odd or broken. Compared is what a server makes
// of them: silence, or an rcode. Each has an id of its own in its first two octets.

import { hex, nameOctets, type OptKnobs, opt, type PacketKnobs, packet, record, u16 } from '../../kit/dns/packet.ts';

export interface Oddity {
  readonly name: string;
  readonly bytes: Buffer;
}

const host = 'web.conf.test.';
const outside = 'www.example.com.';
const cookie = (octets: number): OptKnobs => ({ options: [{ code: 10, data: Buffer.alloc(octets, 0x33) }] });
const option = (code: number, text = ''): OptKnobs => ({ options: [{ code, data: hex(text) }] });
const foreign = record('foreign.example.', 1, Uint8Array.of(192, 0, 2, 1));
const query = (knobs: PacketKnobs = {}): Buffer => packet({ name: host, ...knobs });
/** A question of these octets, complete or not. */
const asking = (octets: string, counts: PacketKnobs['counts'] = [1, 0, 0, 0]): Buffer =>
  packet({ name: null, counts, trailing: hex(octets) });
/** An OPT record with the given RDATA and the given RDLENGTH. */
const rawOpt = (rdata: string, length = rdata.length / 2, owner = '00'): Buffer =>
  hex(`${owner} 0029 04d0 00000000 ${u16(length).toString('hex')} ${rdata}`);
const signedBy = (name: string): Buffer => {
  const algorithm = nameOctets('hmac-sha256.');
  const fields = Buffer.concat([algorithm, hex('000067000000 012c 0020'), Buffer.alloc(32, 7), hex('1234 0000 0000')]);
  return Buffer.concat([nameOctets(name), hex('00fa 00ff 00000000'), u16(fields.length), fields]);
};

const header: Record<string, Buffer> = {
  ...Object.fromEntries(
    Array.from({ length: query().length }, (_, octets) => [`the first ${octets} octets`, query().subarray(0, octets)]),
  ),
  'no question': query({ name: null }),
  'no question, outside OPT': query({ name: null, edns: true }),
  'no question, cookie': query({ name: null, edns: cookie(8) }),
  'two questions, the same': asking(
    `${nameOctets(host).toString('hex')}00010001${nameOctets(host).toString('hex')}00010001`,
    [2, 0, 0, 0],
  ),
  'two questions, the second a pointer': asking(
    `${nameOctets(host).toString('hex')}00010001c00c00010001`,
    [2, 0, 0, 0],
  ),
  'QDCOUNT 2, one question': query({ counts: [2, 0, 0, 0] }),
  'QDCOUNT 65535': query({ counts: [65_535, 0, 0, 0] }),
  'all counts 65535': query({ counts: [65_535, 65_535, 65_535, 65_535] }),
  'a response': query({ flags: 0x8000 }),
  'a response with an error': query({ flags: 0x8002 }),
  'a response, header alone': query({ name: null, flags: 0x8000 }),
  'a response, garbage': asking('ffffffffffff', [65_535, 1, 2, 3]).fill(0xff, 2, 4),
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6, 7, 15].flatMap((opcode) => [
      [`opcode ${opcode}`, query({ opcode })],
      [`opcode ${opcode}, header alone`, query({ opcode, name: null })],
      [`opcode ${opcode}, OPT`, query({ opcode, edns: true })],
      [`opcode ${opcode}, SOA of the zone`, query({ opcode, name: 'conf.test.', type: 6 })],
    ]),
  ),
  'opcode 15, all flags': query({ opcode: 15, flags: 0x07ff }),
  ...Object.fromEntries(
    [0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x07f0].map((flags) => [
      `flags ${flags.toString(16)}`,
      query({ flags }),
    ]),
  ),
  'rcode 5': query({ flags: 5 }),
  'a record in ANSWER': query({ answers: [foreign] }),
  'a record in AUTHORITY': query({ authorities: [foreign] }),
  'a record in ADDITIONAL': query({ additionals: [foreign] }),
  'ANCOUNT 1, nothing': query({ counts: [1, 1, 0, 0] }),
  'NSCOUNT 1, nothing': query({ counts: [1, 0, 1, 0] }),
  'ARCOUNT 1, nothing': query({ counts: [1, 0, 0, 1] }),
  'ARCOUNT 65535, nothing': query({ counts: [1, 0, 0, 65_535] }),
  'ARCOUNT 65535, one OPT': query({ counts: [1, 0, 0, 65_535], edns: true }),
  'a record cut off': query({ counts: [1, 0, 0, 1], trailing: foreign.subarray(0, foreign.length - 1) }),
  'octets behind the question': query({ trailing: hex('00') }),
  'octets behind the OPT': query({ edns: true, trailing: hex('deadbeef') }),
  '4096 zeros': Buffer.alloc(4096),
  '4096 ones': Buffer.alloc(4096, 0xff),
};

const names: Record<string, Buffer> = {
  'a pointer to itself': asking('c00c00010001'),
  'a pointer forward': asking('c012000100010377656200'),
  'a pointer into the header': asking('03776562c00000010001'),
  'a pointer loop of two': asking('c00ec00c00010001'),
  'a pointer past the end': asking('ffff00010001'),
  'half a pointer': asking('c0'),
  'a label of type 0x40': asking('41010000010001'),
  'a label of type 0x80': asking('81010000010001'),
  'a label over the end': asking('3f616263'),
  'a name that does not end': asking('03776562'),
  'a name without end, type and class': asking('0377656200010001'),
  'a label of 63': query({ name: ['l'.repeat(63), 'conf', 'test'] }),
  'a name of 255': query({ name: ['n'.repeat(51), ...Array(3).fill('n'.repeat(63)), 'conf', 'test'] }),
  'a name of 256': query({ name: ['n'.repeat(52), ...Array(3).fill('n'.repeat(63)), 'conf', 'test'] }),
  '122 labels': query({ name: [...Array(122).fill('n'), 'conf', 'test'] }),
  '123 labels, too long': query({ name: [...Array(123).fill('n'), 'conf', 'test'] }),
  'the root': query({ name: '' }),
  outside: query({ name: outside }),
  'outside, OPT': query({ name: outside, edns: true }),
  ...Object.fromEntries([0, 2, 3, 4, 254, 255, 12_345].map((klass) => [`class ${klass}`, query({ class: klass })])),
  'class CH, version.bind': query({ name: 'version.bind.', type: 16, class: 3 }),
  ...Object.fromEntries(
    [41, 249, 250, 251, 252, 253, 254].map((type) => [`type ${type}`, query({ name: 'conf.test.', type })]),
  ),
};

const edns: Record<string, Buffer> = {
  'EDNS version 1': query({ edns: { version: 1 } }),
  'EDNS version 255': query({ edns: { version: 255 } }),
  'EDNS version 1, outside': query({ name: outside, edns: { version: 1 } }),
  'EDNS version 1, unknown option': query({ edns: { version: 1, ...option(100, '616263') } }),
  'EDNS version 1, opcode 2': query({ opcode: 2, edns: { version: 1 } }),
  'EDNS flags': query({ edns: { flags: 0x7fff } }),
  'EDNS DO': query({ edns: { flags: 0x8000 } }),
  'EDNS extended rcode': query({ edns: { extendedRcode: 255 } }),
  'EDNS size 0': query({ edns: { size: 0 } }),
  'unknown option': query({ edns: option(100, '616263') }),
  'empty unknown option': query({ edns: option(65_001) }),
  '100 options': query({ edns: { options: Array.from({ length: 100 }, () => ({ code: 65_002, data: hex('00') })) } }),
  NSID: query({ edns: option(3) }),
  'NSID with data': query({ edns: option(3, '616263') }),
  DAU: query({ edns: option(5, '0810') }),
  'client subnet': query({ edns: option(8, '00011800c00002') }),
  'client subnet, family 9': query({ edns: option(8, '00091800c00002') }),
  'client subnet, cut short': query({ edns: option(8, '0001') }),
  EXPIRE: query({ edns: option(9) }),
  keepalive: query({ edns: option(11) }),
  'keepalive with data': query({ edns: option(11, '0064') }),
  padding: query({ edns: option(12, '00'.repeat(100)) }),
  chain: query({ edns: option(13, '00') }),
  ...Object.fromEntries(
    [0, 1, 7, 8, 9, 15, 16, 24, 40, 41].map((octets) => [`cookie of ${octets}`, query({ edns: cookie(octets) })]),
  ),
  'two cookies': query({
    edns: {
      options: [
        { code: 10, data: Buffer.alloc(8, 1) },
        { code: 10, data: Buffer.alloc(8, 2) },
      ],
    },
  }),
  'two OPT records': query({ additionals: [opt()], edns: true }),
  'OPT in ANSWER': query({ answers: [opt()] }),
  'OPT in AUTHORITY': query({ authorities: [opt()] }),
  'OPT of another owner': query({ additionals: [rawOpt('', 0, '0161 00')] }),
  'OPT before another record': query({ additionals: [opt(), foreign] }),
  'OPT longer than the message': query({ additionals: [rawOpt('', 4)] }),
  'option longer than the OPT': query({ additionals: [rawOpt('00640008aabb')] }),
  'option of three octets': query({ additionals: [rawOpt('006400')] }),
  'one octet behind the options': query({ additionals: [rawOpt('0064000000')] }),
  'TSIG of an unknown key': query({ additionals: [signedBy('unknown.key.')] }),
  'TSIG before the OPT': query({ additionals: [signedBy('unknown.key.')], edns: true }),
  'TSIG behind the OPT': query({ additionals: [opt(), signedBy('unknown.key.')] }),
};

export const oddities: readonly Oddity[] = Object.entries({ ...header, ...names, ...edns }).map(
  ([name, bytes], index) => {
    const own = Buffer.from(bytes);
    if (own.length >= 2) own.writeUInt16BE(index + 1, 0);
    return { name, bytes: own };
  },
);
