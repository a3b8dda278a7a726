// What is asked: every owner of the zones, the names above it, names below and beside it that do not exist, in other
// letter case too; each for types that it has, may have and cannot have. Names are labels, one character an octet.

import { packet, typeNumbers } from '../../kit/dns/packet.ts';
import { zoneLines } from './zones.ts';

export interface Question {
  readonly labels: readonly string[];
  readonly type: number;
  /** The name has records in a zone file. */
  readonly isOwner: boolean;
}

/** Over which transport and with which OPT a question goes. */
export interface Mode {
  readonly name: string;
  readonly transport: 'udp' | 'tcp';
  /** Octets of the largest reply. */
  readonly limit: number;
  /** Which names are asked. */
  readonly names: 'all' | 'owners';
  readonly edns?: { readonly size: number; readonly flags?: number };
}

const dnssecOk = 0x8000;

export const modes: readonly Mode[] = [
  { name: 'TCP', transport: 'tcp', limit: 65_535, names: 'all' },
  { name: 'UDP', transport: 'udp', limit: 512, names: 'all' },
  { name: 'UDP EDNS 1232', transport: 'udp', limit: 1232, names: 'all', edns: { size: 1232 } },
  { name: 'UDP EDNS 4096', transport: 'udp', limit: 1232, names: 'owners', edns: { size: 4096 } },
  { name: 'UDP EDNS 512 DO', transport: 'udp', limit: 512, names: 'owners', edns: { size: 512, flags: dnssecOk } },
];

const { ANY, A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, DNAME, DS, HTTPS } = typeNumbers;

/** For names that need not exist: what decides about them does not depend on the rest. */
const fewTypes = [A, AAAA, NS, CNAME, SOA, TXT, DNAME, DS, ANY];
/** NAPTR, LOC, … by their numbers; then types that no record has, and 0. */
const otherTypes = [
  13, 14, 17, 18, 21, 29, 35, 36, 37, 42, 44, 45, 46, 47, 48, 49, 51, 52, 53, 59, 60, 61, 62, 63, 64, 99, 104, 105, 106,
  107, 108, 109, 253, 254, 256, 257, 666, 32769, 65280, 65535, 0,
];
const allTypes = [...fewTypes, PTR, MX, SRV, HTTPS, ...otherTypes];

export function questions(): Question[] {
  const owners = ownersOf();
  const others = new Map<string, readonly string[]>();
  const random = randomLabels();
  const add = (labels: readonly string[]): void => {
    const key = keyOf(labels);
    if (!owners.has(key) && octetsOf(labels) <= 255) others.set(key, labels);
  };
  for (const labels of owners.values()) {
    const parent = labels.slice(1);
    add(parent);
    add(['nope', ...labels]);
    add(['a', 'b', ...labels]);
    add(['l'.repeat(63), ...labels]);
    add(['*', ...labels]);
    add(['nope', ...parent]);
    add([`${labels[0]}x`.slice(0, 63), ...parent]);
    add(['nope', 'nope', ...parent]);
    add([random(), ...parent]);
    add([random(), random(), ...labels]);
    // One label instead of two, with the dot inside.
    add([`${labels[0]}.${labels[1]}`.slice(0, 63), ...labels.slice(2)]);
    add(labels.map(flipCase));
    if (labels[0] === '*') for (const label of ['x', '_tcp', '\x00', '\xff', 'l'.repeat(63)]) add([label, ...parent]);
  }
  for (const text of [
    'test',
    '',
    'com',
    'example.com',
    'conf.test.example',
    'xconf.test',
    'est',
    'svcx',
    'dname.tes',
  ]) {
    add(text.split('.').filter((label) => label !== ''));
  }
  // Letters of other alphabets are octets: no capital of theirs is the same name (RFC 4343 §3).
  for (const label of ['\xc0', '\xe0', '\xe2\x84\xaa', 'K', 'A b', '@[`{', '`{@[', 'a.b.conf']) {
    add([label, 'conf', 'test']);
    add([label, 'test']);
  }
  return [
    ...[...owners.values()].flatMap((labels) => allTypes.map((type) => ({ labels, type, isOwner: true }))),
    ...[...others.values()].flatMap((labels) => fewTypes.map((type) => ({ labels, type, isOwner: false }))),
  ];
}

/** Labels of 1 to 12 octets of any value, the same in every run. */
function randomLabels(): () => string {
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % below;
  };
  return () => String.fromCharCode(...Array.from({ length: 1 + next(12) }, () => next(256)));
}

export function requestFor({ labels, type }: Question, { edns }: Mode): Buffer {
  return packet({ name: labels, type, ...(edns === undefined ? {} : { edns }) });
}

export function shownName(labels: readonly string[]): string {
  const shown = labels.map((label) => label.replace(/[^!-~]|[.\\]/g, (octet) => `\\${octet.charCodeAt(0)}`));
  return labels.length === 0 ? '.' : `${shown.join('.')}.`;
}

/** All owners of all zones, by what makes two names one. */
function ownersOf(): Map<string, readonly string[]> {
  const owners = new Map<string, readonly string[]>();
  for (const [apex, lines] of Object.entries(zoneLines)) {
    for (const line of lines) {
      const [owner = ''] = line.split(' ');
      const labels = [...(owner === '@' ? [] : labelsOf(owner)), ...labelsOf(apex.slice(0, -1))];
      owners.set(keyOf(labels), labels);
    }
  }
  return owners;
}

/** Master-file text without a final dot to labels. */
function labelsOf(text: string): string[] {
  const parts = text.match(/(?:[^.\\]|\\[0-9]{3}|\\.)+/g) ?? [];
  return parts.map((part) =>
    part.replace(/\\([0-9]{3})|\\(.)/g, (_all, code: string | undefined, character: string) =>
      code === undefined ? character : String.fromCharCode(Number(code)),
    ),
  );
}

/** Letter case is kept: a name in other case is asked as well. */
function keyOf(labels: readonly string[]): string {
  return labels.map((label) => `${label.length}:${label}`).join('.');
}

function octetsOf(labels: readonly string[]): number {
  return labels.reduce((octets, label) => octets + 1 + label.length, 1);
}

function flipCase(label: string): string {
  return label.replace(/[A-Za-z]/g, (letter) => {
    const lower = letter.toLowerCase();
    return letter === lower ? letter.toUpperCase() : lower;
  });
}
