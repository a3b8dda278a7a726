// Octets of a stream cut into messages, however the network cut them.

import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { TcpFrames } from '../../../src/dns/transport/tcp-frames.ts';
import { frame, hex } from '../../kit/packet.ts';

function taken(frames: TcpFrames): Buffer[] {
  const messages: Buffer[] = [];
  for (let next = frames.next(); next !== undefined; next = frames.next()) messages.push(Buffer.from(next));
  return messages;
}

describe('a message', () => {
  test('is there once its last octet is', () => {
    const frames = new TcpFrames();
    for (const octet of hex('0003 616263')) {
      expect(frames.isWaiting).toBe(false);
      expect(frames.next()).toBeUndefined();
      frames.push(Buffer.of(octet));
    }
    expect(frames.isWaiting).toBe(true);
    expect(frames.next()?.toString()).toBe('abc');
    expect(frames.next()).toBeUndefined();
  });

  test('may be empty', () => {
    const frames = new TcpFrames();
    frames.push(hex('0000 0000 000161'));
    expect(taken(frames).map(String)).toEqual(['', '', 'a']);
  });

  test('is single where nothing is behind it, be it a part of another', () => {
    const frames = new TcpFrames();
    expect(frames.isSingle).toBe(false);
    frames.push(hex('0003 6162'));
    expect(frames.isSingle).toBe(false);
    frames.push(hex('63'));
    expect(frames.isSingle).toBe(true);
    frames.push(hex('00'));
    expect(frames.isSingle).toBe(false);
    expect(frames.next()?.toString()).toBe('abc');
    expect(frames.isSingle).toBe(false);
  });

  test('may have 65535 octets', () => {
    const frames = new TcpFrames();
    const message = Buffer.alloc(65_535, 7);
    frames.push(frame(message).subarray(0, 40_000));
    expect(frames.next()).toBeUndefined();
    frames.push(frame(message).subarray(40_000));
    expect(frames.next()).toEqual(message);
  });
});

test('any messages come out as they went in, wherever the stream was cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(
      messages,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      fc.boolean(),
      (list, cuts, isEager) => {
        const stream = Buffer.concat(list.map(frame));
        const frames = new TcpFrames();
        const found: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const end = at + (cuts[i % cuts.length] as number);
          frames.push(stream.subarray(at, end));
          if (isEager) found.push(...taken(frames));
          at = end;
        }
        found.push(...taken(frames));
        expect(found).toEqual(list.map((message) => Buffer.from(message)));
        expect(frames.isWaiting).toBe(false);
      },
    ),
  );
});

test('a client that drips a large message costs no copy an octet', () => {
  const frames = new TcpFrames();
  const copies = vi.spyOn(Buffer, 'concat');
  onTestFinished(() => copies.mockRestore());
  for (const octet of frame(Buffer.alloc(65_535))) {
    frames.push(Buffer.of(octet));
    frames.next();
  }
  // Copying all octets each time would be two gigabytes.
  const copied = copies.mock.calls.reduce((sum, [, octets = 0]) => sum + octets, 0);
  expect(copied).toBeLessThan(4 * 65_537);
});
