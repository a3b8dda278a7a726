// Signed requests: the server has no keys, and answers with BADKEY as RFC 8945 §5.2.1 has it.

import { describe, expect, test } from 'vitest';
import { opt, packet, record } from '../../kit/dns/packet.ts';
import { Harness } from '../../kit/registry/harness.ts';

const TSIG = 250;
const algorithm = Buffer.from('\x0bhmac-sha256\0', 'latin1');
const time = Buffer.from('000065a1b2c3012c', 'hex');
const mac = Buffer.alloc(32, 0xaa);
/** MAC size, MAC, original ID, error, other length. */
const data = Buffer.concat([algorithm, time, Buffer.from('0020', 'hex'), mac, Buffer.from('123400000000', 'hex')]);

function ask(additionals: readonly Uint8Array[]): Buffer {
  const bytes = packet({ id: 0x1234, name: 'svc.', type: 6, additionals: [...additionals] });
  return new Harness().handler(bytes, { transport: 'udp', address: '127.0.0.1' }) as Buffer;
}

describe('a request signed with a key', () => {
  test('is NOTAUTH with an unsigned TSIG with BADKEY as the last record', () => {
    const reply = ask([opt(), record('key.example.', TSIG, data)]);
    expect(reply.readUInt16BE(2) & 0x0f).toBe(9);
    expect(reply.readUInt16BE(10)).toBe(2);
    const owner = Buffer.from('\x03key\x07example\0', 'latin1');
    const at = reply.lastIndexOf(owner);
    expect(reply.readUInt16BE(at + owner.length)).toBe(TSIG);
    const rdata = reply.subarray(at + owner.length + 10);
    expect(reply.readUInt16BE(at + owner.length + 8)).toBe(rdata.length);
    expect(rdata.toString('hex')).toBe(
      Buffer.concat([algorithm, time, Buffer.from('0000123400110000', 'hex')]).toString('hex'),
    );
  });

  test.each([
    ['without time', algorithm],
    ['without algorithm', Buffer.alloc(0)],
    ['with a compressed algorithm', Buffer.concat([Buffer.from('c00c', 'hex'), time])],
  ])('%s is NOTAUTH and nothing more', (_what, broken) => {
    const reply = ask([record('key.example.', TSIG, broken)]);
    expect(reply.readUInt16BE(2) & 0x0f).toBe(9);
    expect(reply.readUInt16BE(10)).toBe(0);
  });
});
