// Record types by name: those dns2 knows, the newer ones that rollcall answers, and TYPE123 for all others (RFC 3597).

import { Packet } from 'dns2';

const newer: Readonly<Record<string, number>> = { NAPTR: 35, DS: 43, SVCB: 64, HTTPS: 65 };
const newerNames = new Map(Object.entries(newer).map(([name, number]) => [number, name]));

/** Undefined: no such type. */
export function typeNumber(text: string): number | undefined {
  const name = text.toUpperCase();
  const known: Readonly<Record<string, number>> = Packet.TYPE;
  // dns2 calls OPT by another name, and it is never asked for.
  if (name !== 'EDNS' && Object.hasOwn(known, name)) return known[name];
  if (Object.hasOwn(newer, name)) return newer[name];
  const number = Number(/^TYPE(\d{1,5})$/.exec(name)?.[1] ?? Number.NaN);
  return number >= 1 && number <= 65_535 ? number : undefined;
}

export function typeName(number: number): string {
  return newerNames.get(number) ?? Packet.TYPE_NAME[number] ?? `TYPE${number}`;
}
