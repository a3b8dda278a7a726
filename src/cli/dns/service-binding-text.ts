// The data of SVCB and HTTPS records as text (RFC 9460 §2.1), for the parameters rollcall gives; any other by number
// with its value in hexadecimal. dns2 leaves these types as bytes.

import { SocketAddress } from 'node:net';

/** Undefined: the bytes are not such a record. */
export function serviceBindingText(data: Buffer): string | undefined {
  if (data.length < 3) return undefined;
  const labels: string[] = [];
  let at = 2;
  for (;;) {
    const length = data[at];
    if (length === undefined || at + 1 + length > data.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(data.toString('latin1', at, at + length));
    at += length;
  }
  const parts = [String(data.readUInt16BE(0)), `${labels.join('.')}.`];
  while (at < data.length) {
    if (at + 4 > data.length) return undefined;
    const [key, length] = [data.readUInt16BE(at), data.readUInt16BE(at + 2)];
    const value = data.subarray(at + 4, at + 4 + length);
    if (value.length < length) return undefined;
    parts.push(parameterText(key, value));
    at += 4 + length;
  }
  return parts.join(' ');
}

function parameterText(key: number, value: Buffer): string {
  if (key === 1) return `alpn="${characterStrings(value).join(',')}"`;
  if (key === 2) return 'no-default-alpn';
  if (key === 3 && value.length === 2) return `port=${value.readUInt16BE(0)}`;
  if (key === 4)
    return `ipv4hint=${chunks(value, 4)
      .map((bytes) => bytes.join('.'))
      .join(',')}`;
  if (key === 6) return `ipv6hint=${chunks(value, 16).map(toIPv6Text).join(',')}`;
  return `key${key}="${value.toString('hex')}"`;
}

function characterStrings(value: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < value.length; at += 1 + (value[at] ?? 0)) {
    texts.push(value.toString('latin1', at + 1, at + 1 + (value[at] ?? 0)));
  }
  return texts;
}

function chunks(value: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.floor(value.length / size) }, (_, index) =>
    value.subarray(index * size, (index + 1) * size),
  );
}

/** In the form of RFC 5952: the system's own formatter does the shortening. */
function toIPv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
