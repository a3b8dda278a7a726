// The data of each record type as a list of fields, used in both directions: a zone file's words to Rdata, and Rdata
// to text that gives the same octets again. Any type may be given as `\# length hexadecimal` (RFC 3597 §5); for a type
// whose fields are known here, such octets must be what its text form would have given: an A of five octets is refused.
// Types: those that at least two of BIND 9.18, NSD 4.6 and Knot 3.2 read, and those that newer ones of them do
// (RESINFO, WALLET). Others are served too, but need the `\#` form.

import type { Rdata } from '../message/message.ts';
import { ROOT } from '../message/name.ts';
import { typeName, typeNumber } from '../message/type-names.ts';
import { gateway, hardwareAddress, locator, nsap, prefix, relay } from './address-fields.ts';
import { algorithm, coveredType, nextHash, salt, time, typeList } from './dnssec-fields.ts';
import { hostIdentity, services } from './host-fields.ts';
import { Lexer } from './lexer.ts';
import { location } from './location.ts';
import * as f from './rdata-fields.ts';
import { OctetReader, RdataWriter, rdataOctets, rdataOctetsMax } from './rdata-octets.ts';
import { serviceParameters } from './service-parameters.ts';
import { problem, type WordProblem, Words } from './words.ts';

interface Form {
  readonly fields: readonly f.Field[];
  /** What is wrong with octets whose fields are each right. */
  readonly check?: (octets: Uint8Array) => string | undefined;
}

/** RFC 1712 §3: a decimal number in text. */
function coordinate(what: string): f.Field {
  return f.string(what, /^[-+]?[0-9]+(\.[0-9]+)?$/);
}

const preference = f.number('preference', 2);
const strings = f.repeated(f.string('text'), 1);
const base64 = f.blob('data', 'base64', 1);
const certificateTypes = new Map([
  ['PKIX', 1],
  ['SPKI', 2],
  ['PGP', 3],
  ['IPKIX', 4],
  ['ISPKI', 5],
  ['IPGP', 6],
  ['ACPKIX', 7],
  ['IACPKIX', 8],
  ['URI', 253],
  ['OID', 254],
]);

/** IANA "Delegation Signer (DS) Resource Record (RR) Type Digest Algorithms": octets of a digest. */
const digestOctets: Readonly<Record<number, number>> = { 1: 20, 2: 32, 4: 48 };

const digest: Form = {
  fields: [f.number('key tag', 2), algorithm, f.number('digest type', 1), f.blob('digest', 'hex', 1)],
  check(octets) {
    const wanted = digestOctets[octets[3] as number];
    if (wanted === undefined || octets.length - 4 === wanted) return undefined;
    return `digest of type ${octets[3]} must have ${wanted} octets, not ${octets.length - 4}`;
  },
};
const key = fields(f.number('flags', 2), f.number('protocol', 1), algorithm, base64);
const signature = fields(
  coveredType,
  algorithm,
  f.number('labels', 1),
  f.number('original TTL', 4),
  time('expiration'),
  time('inception'),
  f.number('key tag', 2),
  f.name('signer'),
  base64,
);
const service = fields(f.number('priority', 2), f.name('target'), serviceParameters);
const association = fields(
  f.number('usage', 1),
  f.number('selector', 1),
  f.number('matching type', 1),
  f.blob('data', 'hex', 1),
);
const target = fields(f.name('target'));
const preferred = fields(preference, f.name('host'));

const forms: Readonly<Record<string, Form>> = {
  A: fields(f.ipv4),
  NS: target,
  CNAME: target,
  SOA: fields(
    f.name('primary server'),
    f.name('mailbox'),
    f.number('serial', 4),
    f.period('refresh'),
    f.period('retry'),
    f.period('expire'),
    f.period('minimum'),
  ),
  MB: target,
  MG: target,
  MR: target,
  WKS: fields(f.ipv4, services),
  PTR: target,
  HINFO: fields(f.string('CPU'), f.string('operating system')),
  MINFO: fields(f.name('responsible mailbox'), f.name('error mailbox')),
  MX: preferred,
  TXT: fields(strings),
  RP: fields(f.name('mailbox'), f.name('text name')),
  AFSDB: fields(f.number('subtype', 2), f.name('host')),
  X25: fields(f.string('PSDN address', /^[0-9]{4,}$/)),
  ISDN: fields(f.string('ISDN address'), f.repeated(f.string('subaddress'), 0)),
  RT: preferred,
  NSAP: fields(nsap),
  SIG: signature,
  KEY: key,
  PX: fields(preference, f.name('RFC 822 domain'), f.name('X.400 domain')),
  GPOS: fields(coordinate('longitude'), coordinate('latitude'), coordinate('altitude')),
  AAAA: fields(f.ipv6),
  LOC: fields(location),
  SRV: fields(f.number('priority', 2), f.number('weight', 2), f.number('port', 2), f.name('target')),
  NAPTR: fields(
    f.number('order', 2),
    preference,
    f.string('flags'),
    f.string('services'),
    f.string('regular expression'),
    f.name('replacement'),
  ),
  KX: preferred,
  CERT: fields(f.number('certificate type', 2, certificateTypes), f.number('key tag', 2), algorithm, base64),
  DNAME: target,
  APL: fields(f.repeated(prefix, 0)),
  DS: digest,
  SSHFP: fields(f.number('algorithm', 1), f.number('fingerprint type', 1), f.blob('fingerprint', 'hex', 1)),
  IPSECKEY: fields(f.number('precedence', 1), gateway, f.blob('key', 'base64', 0)),
  RRSIG: signature,
  NSEC: fields(f.name('next name'), typeList),
  DNSKEY: key,
  DHCID: fields(base64),
  NSEC3: fields(
    f.number('hash algorithm', 1),
    f.number('flags', 1),
    f.number('iterations', 2),
    salt,
    nextHash,
    typeList,
  ),
  NSEC3PARAM: fields(f.number('hash algorithm', 1), f.number('flags', 1), f.number('iterations', 2), salt),
  TLSA: association,
  SMIMEA: association,
  HIP: fields(hostIdentity),
  CDS: { fields: digest.fields },
  CDNSKEY: key,
  OPENPGPKEY: fields(base64),
  CSYNC: fields(f.number('serial', 4), f.number('flags', 2), typeList),
  ZONEMD: fields(f.number('serial', 4), f.number('scheme', 1), f.number('hash', 1), f.blob('digest', 'hex', 1)),
  SVCB: service,
  HTTPS: service,
  SPF: fields(strings),
  NID: fields(preference, locator),
  L32: fields(preference, f.ipv4),
  L64: fields(preference, locator),
  LP: preferred,
  EUI48: fields(hardwareAddress(6)),
  EUI64: fields(hardwareAddress(8)),
  URI: fields(f.number('priority', 2), f.number('weight', 2), f.longText('target')),
  CAA: fields(f.number('flags', 1), f.string('tag', /^[A-Za-z0-9]+$/), f.longText('value')),
  AVC: fields(strings),
  AMTRELAY: fields(f.number('precedence', 1), relay),
  RESINFO: fields(strings),
  WALLET: fields(strings),
  DLV: digest,
};

const formOf = new Map(Object.entries(forms).map(([mnemonic, form]) => [typeNumber(mnemonic) as number, form]));

const writer = new RdataWriter();
/** LOC is the one type with versions: those after 0 have no text form (RFC 1876 §2). */
const LOC = typeNumber('LOC');

function fields(...list: f.Field[]): Form {
  return { fields: list };
}

/** The data of one record: all the words there are. A WordProblem has the fault and the word. */
export function parseRdata(type: number, words: Words): Rdata | WordProblem {
  const first = words.peek();
  if (first !== undefined && first.text === '\\#' && !first.quoted) return parseGeneric(type, words);
  const form = formOf.get(type);
  const start = first ?? words.expected('data').at;
  if (form === undefined) {
    const what = `data of type ${typeName(type)} is only read as \\# length hexadecimal (RFC 3597)`;
    return { what, at: start, showWord: false };
  }
  writer.begin();
  for (const field of form.fields) {
    const fault = field.read(words, writer);
    if (fault !== undefined) return { ...fault, what: `${typeName(type)}: ${fault.what}` };
  }
  const extra = words.peek();
  if (extra !== undefined) return problem(`${typeName(type)}: nothing more is expected here`, extra);
  const rdata = writer.finish();
  if (rdata === undefined) return tooLong(type, start);
  const wrong = form.check?.(rdata[0] as Uint8Array);
  return wrong === undefined ? rdata : { what: `${typeName(type)}: ${wrong}`, at: start, showWord: false };
}

/** Presentation text of a record's data; `\#` form where the type has no other. Reparses to the same octets. */
export function rdataToText(type: number, rdata: Rdata): string {
  const octets = rdataOctets(rdata);
  const text = show(type, octets);
  return text !== undefined && read(type, text) !== undefined
    ? text
    : `\\# ${octets.length} ${octets.toString('hex')}`.trim();
}

/** A record's data from its uncompressed octets, with its names found; undefined: a known type cannot have them. */
export function rdataFromOctets(type: number, octets: Uint8Array): Rdata | undefined {
  if (!formOf.has(type) || (type === LOC && (octets[0] ?? 0) > 0)) return [Uint8Array.from(octets)];
  const text = show(type, octets);
  const rdata = text === undefined ? undefined : read(type, text);
  return rdata !== undefined && Buffer.compare(rdataOctets(rdata), octets) === 0 ? rdata : undefined;
}

function show(type: number, octets: Uint8Array): string | undefined {
  const from = new OctetReader(octets);
  const texts: string[] = [];
  for (const field of formOf.get(type)?.fields ?? []) {
    const text = field.show(from);
    if (text === undefined) return undefined;
    if (text !== '') texts.push(text);
  }
  return from.left === 0 ? texts.join(' ') : undefined;
}

function read(type: number, text: string): Rdata | undefined {
  // A word in front, since an entry has at least one; it is stepped over.
  const entry = new Lexer(`. ${text}`).next();
  if (entry === undefined || 'fault' in entry) return undefined;
  const rdata = parseRdata(type, new Words(entry.tokens, 1, ROOT));
  return 'what' in rdata ? undefined : rdata;
}

/** RFC 3597 §5: `\#`, the number of octets, and that many octets in hexadecimal. */
function parseGeneric(type: number, words: Words): Rdata | WordProblem {
  const sign = words.next();
  const length = words.nextBare();
  if (length === undefined || sign === undefined) return words.expected('number of octets');
  const octetsMax = f.parseDecimal(length.text, rdataOctetsMax);
  if (octetsMax === undefined) return problem(`number of octets must be from 0 to ${rdataOctetsMax}`, length);
  writer.begin();
  const fault = f.blob('data', 'hex', 0).read(words, writer);
  if (fault !== undefined) return fault;
  const extra = words.peek();
  if (extra !== undefined) return problem('hexadecimal is expected', extra);
  const octets = writer.finish()?.[0] as Uint8Array | undefined;
  if (octets === undefined) return tooLong(type, sign);
  if (octets.length !== octetsMax)
    return problem(`there are ${octets.length} octets, not the number announced`, length);
  return (
    rdataFromOctets(type, octets) ?? {
      what: `octets are not legal data of type ${typeName(type)}`,
      at: sign,
      showWord: false,
    }
  );
}

function tooLong(type: number, at: WordProblem['at']): WordProblem {
  return { what: `${typeName(type)}: data is over ${rdataOctetsMax} octets`, at, showWord: false };
}
