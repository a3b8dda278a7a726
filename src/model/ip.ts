// IP addresses between text and octets, read strictly: four decimal octets without leading zeros, or eight groups with
// at most one `::` (RFC 4291 §2.2), printed as in RFC 5952. The irregular spellings that inet_aton takes (`0x7f.1`, `127.1`,
// `010.0.0.1`) are refused, because two programs read them as two addresses; so are zone indexes and brackets.

export type IpFamily = 4 | 6;

const ipv4Octets = 4;
const ipv6Octets = 16;
const ipv6Groups = 8;

/** Four octets, or undefined where `text` is not an address. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(ipv4Octets);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0x2e;
    if (code === 0x2e) {
      if (digits === 0 || part === ipv4Octets) return undefined;
      octets[part++] = value;
      digits = 0;
      value = 0;
      continue;
    }
    if (code < 0x30 || code > 0x39 || (digits > 0 && value === 0)) return undefined;
    value = value * 10 + (code - 0x30);
    digits++;
    if (value > 255) return undefined;
  }
  return part === ipv4Octets ? octets : undefined;
}

/** Sixteen octets, or undefined where `text` is not an address. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap < 0) {
    const octets = groups(text);
    return octets?.length === ipv6Octets ? Uint8Array.from(octets) : undefined;
  }
  const head = groups(text.slice(0, gap), false);
  const tail = groups(text.slice(gap + 2));
  // "::" replaces at least one group (RFC 5952 §4.2.2 would not write it for one, RFC 4291 allows it).
  if (head === undefined || tail === undefined || head.length + tail.length > ipv6Octets - 2) return undefined;
  const octets = new Uint8Array(ipv6Octets);
  octets.set(head);
  octets.set(tail, ipv6Octets - tail.length);
  return octets;
}

/** The octets of groups with colons between them; the last may be an IPv4 address unless `dotted` is false. */
function groups(text: string, dotted = true): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const parts = text.split(':', ipv6Groups + 1);
  for (const [index, part] of parts.entries()) {
    if (dotted && index === parts.length - 1 && part.includes('.')) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      octets.push(...ipv4);
    } else {
      const group = parseGroup(part);
      if (group === undefined) return undefined;
      octets.push(group >> 8, group & 255);
    }
  }
  return octets;
}

/** One to four hexadecimal digits. */
export function parseGroup(text: string): number | undefined {
  if (text.length === 0 || text.length > 4) return undefined;
  return /^[0-9A-Fa-f]+$/.test(text) ? Number.parseInt(text, 16) : undefined;
}

export function ipv4ToText(octets: Uint8Array): string {
  return octets.join('.');
}

/**
 * A dotted IPv4 address as a number of 32 bits with a sign, so that those of 10/8 and 192.168/16 are among the small
 * integers that V8 keeps without a box; undefined where `text` is none.
 */
export function ipv4ToNumber(text: string): number | undefined {
  const octets = parseIpv4(text);
  if (octets === undefined) return undefined;
  const [a, b, c, d] = octets as unknown as readonly [number, number, number, number];
  return (a << 24) | (b << 16) | (c << 8) | d;
}

/** What `ipv4ToNumber` was given. */
export function ipv4OfNumber(number: number): string {
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/** The octets of what `ipv4ToNumber` was given. */
export function octetsOfIpv4(number: number): Uint8Array {
  const octets = new Uint8Array(4);
  octets[0] = number >>> 24;
  octets[1] = number >>> 16;
  octets[2] = number >>> 8;
  octets[3] = number;
  return octets;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
export function ipv6ToText(octets: Uint8Array): string {
  const values = Array.from(
    { length: ipv6Groups },
    (_, i) => (octets[2 * i] as number) * 256 + (octets[2 * i + 1] as number),
  );
  let start = 0;
  let longest = 1;
  for (let at = 0; at < ipv6Groups; at++) {
    let end = at;
    while (values[end] === 0) end++;
    if (end - at > longest) [start, longest] = [at, end - at];
  }
  const hex = values.map((value) => value.toString(16));
  if (longest === 1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + longest).join(':')}`;
}

/** Why an address cannot be one that clients connect to; undefined where it can. */
export function unusableReason(family: IpFamily, octets: Uint8Array): string | undefined {
  const [a, b, c, d] = octets as unknown as readonly [number, number, number, number];
  if (family === 4) {
    if (a === 0) return 'is not an address of a host (0.0.0.0/8)';
    if (a >= 224 && a < 240) return 'is a multicast address';
    if (a >= 240) return a + b + c + d === 1020 ? 'is the broadcast address' : 'is reserved (240.0.0.0/4)';
    if (a === 169 && b === 254) return 'is link-local, so other hosts cannot reach it';
    return undefined;
  }
  if (octets.every((octet) => octet === 0)) return 'is the unspecified address';
  if (a === 0xff) return 'is a multicast address';
  if (a === 0xfe && (b & 0xc0) === 0x80) return 'is link-local, so other hosts cannot reach it';
  if (octets.slice(0, 10).every((octet) => octet === 0) && octets[10] === 0xff && octets[11] === 0xff) {
    return `is an IPv4 address in IPv6 form; write ${octets.slice(12).join('.')}`;
  }
  return undefined;
}
