// Record types by name: the mnemonics of the IANA registry "Resource Record (RR) TYPEs" and, for all the others,
// TYPE followed by the number (RFC 3597 §5). Reading is case-insensitive; what is printed is the registry's spelling.
// Limits: two octets. A mnemonic here does not mean that zone files may hold the type (see isMetaType) nor that its
// data can be written as text (see zone-file/rdata.ts).

const numbers: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  DSYNC: 66,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  RESINFO: 261,
  WALLET: 262,
  TA: 32_768,
  DLV: 32_769,
};

const byName = new Map(Object.entries(numbers));
const byNumber = new Map(Object.entries(numbers).map(([mnemonic, number]) => [number, mnemonic]));
const numbered = /^TYPE([0-9]{1,5})$/;
const typeMax = 65_535;

/** The number of a type, from a mnemonic or TYPEn in any case; undefined: no such type. */
export function typeNumber(text: string): number | undefined {
  const known = byName.get(text);
  if (known !== undefined) return known;
  const upper = text.toUpperCase();
  const number = byName.get(upper) ?? Number(numbered.exec(upper)?.[1] ?? Number.NaN);
  return number <= typeMax ? number : undefined;
}

/** The mnemonic of a type, or TYPEn (RFC 3597 §5). */
export function typeName(number: number): string {
  return byNumber.get(number) ?? `TYPE${number}`;
}

/** Types of questions or of parts of a message, never for data (RFC 6895 §3.1: 0, OPT, 128-255). */
export function isMetaType(number: number): boolean {
  return number === 0 || number === numbers['OPT'] || (number >= 128 && number <= 255);
}
