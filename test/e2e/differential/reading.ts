// Replies of any server in one form that can be compared: names in lower case and written out, the records of an RRset in
// order. More forgiving than kit/reply.ts, since the other servers compress names in RDATA of types where rollcall may
// not; whether rollcall keeps to the rules is for that reader.

/** One RRset of a section. */
export interface Group {
  /** Owner, type and TTL. */
  readonly head: string;
  readonly records: readonly string[];
}

export interface Sections {
  readonly rcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  /** RRsets in the order in which their first records stand. */
  readonly answer: readonly Group[];
  readonly authority: readonly Group[];
  /** Without OPT. */
  readonly additional: readonly Group[];
  readonly hasOpt: boolean;
  readonly octets: number;
}

/** What RDATA of these types is made of: `n` a name, `s` a counted string, digits that many octets; octets to its end. */
const layouts: ReadonlyMap<number, string> = new Map([
  [2, 'n'],
  [5, 'n'],
  [6, 'nn'],
  [12, 'n'],
  [14, 'nn'],
  [15, '2n'],
  [17, 'nn'],
  [18, '2n'],
  [21, '2n'],
  [33, '6n'],
  [35, '4sssn'],
  [36, '2n'],
  [39, 'n'],
  [64, '2n'],
  [65, '2n'],
  [107, '2n'],
]);

const OPT = 41;

export function readSections(bytes: Buffer): Sections {
  let at = 12;
  let hasOpt = false;
  let extendedRcode = 0;
  for (let left = bytes.readUInt16BE(4); left > 0; left--) {
    [, at] = nameAt(bytes, at);
    at += 4;
  }
  const groups = (count: number): Group[] => {
    const found = new Map<string, string[]>();
    for (let left = count; left > 0; left--) {
      const [owner, fixed] = nameAt(bytes, at);
      const type = bytes.readUInt16BE(fixed);
      const ttl = bytes.readUInt32BE(fixed + 4);
      const dataAt = fixed + 10;
      at = dataAt + bytes.readUInt16BE(fixed + 8);
      if (at > bytes.length) throw new RangeError('RDATA beyond the end of the message');
      if (type === OPT) {
        hasOpt = true;
        extendedRcode = ttl >>> 24;
        continue;
      }
      const head = `${owner} ${ttl} TYPE${type}`;
      const records = found.get(head) ?? [];
      records.push(dataOf(bytes, type, dataAt, at));
      found.set(head, records);
    }
    return Array.from(found, ([head, records]) => ({ head, records: records.sort() }));
  };
  const answer = groups(bytes.readUInt16BE(6));
  const authority = groups(bytes.readUInt16BE(8)).sort(byHead);
  const additional = groups(bytes.readUInt16BE(10)).sort(byHead);
  const flags = bytes[2] as number;
  const rcode = (extendedRcode << 4) | ((bytes[3] as number) & 0x0f);
  const [aa, tc] = [(flags & 0x04) !== 0, (flags & 0x02) !== 0];
  return { rcode, aa, tc, answer, authority, additional, hasOpt, octets: bytes.length };
}

function byHead(a: Group, b: Group): number {
  return a.head < b.head ? -1 : 1;
}

function dataOf(bytes: Buffer, type: number, start: number, end: number): string {
  let at = start;
  let text = '';
  for (const part of layouts.get(type) ?? '') {
    if (part === 'n') {
      const [name, behind] = nameAt(bytes, at);
      text += ` ${name} `;
      at = behind;
    } else {
      const octets = part === 's' ? 1 + (bytes[at] as number) : Number(part);
      text += bytes.toString('hex', at, at + octets);
      at += octets;
    }
  }
  return text + bytes.toString('hex', at, end);
}

/** A name in lower case, its labels' odd octets escaped, and the offset behind it. */
function nameAt(bytes: Buffer, start: number): [name: string, behind: number] {
  let text = '';
  let behind = 0;
  let at = start;
  for (let steps = 0; steps < 256; steps++) {
    const length = bytes[at] as number;
    if (length === 0) return [text === '' ? '.' : text, behind === 0 ? at + 1 : behind];
    if (length >= 0xc0) {
      if (behind === 0) behind = at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    const label = bytes.toString('latin1', at + 1, at + 1 + length);
    text += `${/^[a-z0-9_*-]*$/.test(label) ? label : shown(label)}.`;
    at += 1 + length;
  }
  throw new RangeError('a name that does not end');
}

function shown(label: string): string {
  return label
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[^a-z0-9_*-]/g, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`);
}
