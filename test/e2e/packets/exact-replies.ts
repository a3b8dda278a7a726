// Requests to the zone of measured-zone.ts and the only right replies, octet for octet, as BIND and Knot give them.

/** The question for web.prod.svc. A. */
const web = '03776562 0470726f64 03737663 00 0001 0001';
const label = (text: string): string => Buffer.concat([Buffer.of(text.length), Buffer.from(text)]).toString('hex');
const inZone = (text: string): string => `${label(text)} 0470726f64 03737663 00`;
/** The SOA for negative answers, its names pointing to where `prod.svc.` stands. */
const soa = (at: string): string =>
  `${at} 0006 0001 0000000a 0027 036e7331 ${at} 0a686f73746d6173746572 ${at} 00000001 00000384 0000012c 00093a80 0000000a`;
const opt = '00 0029 04d0 00 00 0000 0000';
const ask = '1234 0000 0001 0000 0000 0000';
const askWithOpt = '1234 0000 0001 0000 0000 0001';

/** What, the request, the reply; in hexadecimal. */
export const exactReplies: readonly (readonly [what: string, request: string, reply: string])[] = [
  ['no question', '1234 0000 0000 0000 0000 0000', '1234 8001 0000 0000 0000 0000'],
  ['opcode 15, header alone', '1234 7800 0000 0000 0000 0000', '1234 f804 0000 0000 0000 0000'],
  ['opcode 15, all flags', `1234 7fff 0001 0000 0000 0000 ${web}`, `1234 f904 0001 0000 0000 0000 ${web}`],
  ['opcode 2, RD', `1234 1100 0001 0000 0000 0000 ${web}`, `1234 9104 0001 0000 0000 0000 ${web}`],
  ['two questions', `1234 0000 0002 0000 0000 0000 ${web} ${web}`, '1234 8001 0000 0000 0000 0000'],
  ['two questions, one there', `1234 0000 0002 0000 0000 0000 ${web}`, '1234 8001 0000 0000 0000 0000'],
  ['all counts 65535', '1234 0000 ffff ffff ffff ffff', '1234 8001 0000 0000 0000 0000'],
  ['a pointer to itself', `${ask} c00c 0001 0001`, '1234 8001 0000 0000 0000 0000'],
  ['half a pointer', `${ask} c0`, '1234 8001 0000 0000 0000 0000'],
  [
    'an address',
    `${ask} ${inZone('ns1')} 0001 0001`,
    `1234 8400 0001 0001 0000 0000 ${inZone('ns1')} 0001 0001 c00c 0001 0001 00000e10 0004 7f000001`,
  ],
  [
    'RD and CD',
    `1234 0110 0001 0000 0000 0000 ${inZone('nope')} 0001 0001`,
    `1234 8503 0001 0000 0001 0000 ${inZone('nope')} 0001 0001 ${soa('c011')}`,
  ],
  [
    'no such name',
    `${ask} ${inZone('nope')} 0001 0001`,
    `1234 8403 0001 0000 0001 0000 ${inZone('nope')} 0001 0001 ${soa('c011')}`,
  ],
  [
    'no such type',
    `${ask} ${inZone('web')} 000f 0001`,
    `1234 8400 0001 0000 0001 0000 ${inZone('web')} 000f 0001 ${soa('c010')}`,
  ],
  [
    'a name between',
    `${ask} ${label('b')} ${inZone('c')} 0001 0001`,
    `1234 8400 0001 0000 0001 0000 ${label('b')} ${inZone('c')} 0001 0001 ${soa('c010')}`,
  ],
  [
    'a latin1 capital is another letter',
    `${ask} 01c0 0470726f64 03737663 00 0001 0001`,
    `1234 8403 0001 0000 0001 0000 01c0 0470726f64 03737663 00 0001 0001 ${soa('c00e')}`,
  ],
  [
    'an alias that leads nowhere',
    `${ask} ${inZone('dangling')} 0001 0001`,
    `1234 8403 0001 0001 0001 0000 ${inZone('dangling')} 0001 0001 c00c 0005 0001 0000003c 000a 076e6f7768657265 c015 ${soa('c015')}`,
  ],
  [
    'a delegation',
    `${ask} 0178 ${inZone('child')} 0001 0001`,
    `1234 8000 0001 0000 0001 0001 0178 ${inZone('child')} 0001 0001 c00e 0002 0001 0000003c 0005 026e73 c00e c02e 0001 0001 0000003c 0004 0a000201`,
  ],
  [
    'outside',
    `${ask} 076578616d706c65 03636f6d 00 0001 0001`,
    '1234 8005 0001 0000 0000 0000 076578616d706c65 03636f6d 00 0001 0001',
  ],
  ['the root', `${ask} 00 0002 0001`, '1234 8005 0001 0000 0000 0000 00 0002 0001'],
  [
    'a dot in a label',
    `${ask} 077765622e70726f 0164 03737664 00 0001 0001`,
    '1234 8005 0001 0000 0000 0000 077765622e70726f 0164 03737664 00 0001 0001',
  ],
  ['class HS', `${ask} ${inZone('web')} 0001 0004`, `1234 8005 0001 0000 0000 0000 ${inZone('web')} 0001 0004`],
  ['class ANY', `${ask} ${inZone('web')} 0001 00ff`, `1234 8005 0001 0000 0000 0000 ${inZone('web')} 0001 00ff`],
  [
    'BADVERS',
    `${askWithOpt} ${web} 00 0029 04d0 00 01 0000 0000`,
    `1234 8000 0001 0000 0000 0001 ${web} 00 0029 04d0 01 00 0000 0000`,
  ],
  ['two OPT records', `1234 0000 0001 0000 0000 0002 ${web} ${opt} ${opt}`, `1234 8001 0001 0000 0000 0000 ${web}`],
];
