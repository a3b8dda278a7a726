// SipHash-2-4 against the vectors of its authors (vectors_sip64 of the reference implementation) and against the same
// algorithm written with BigInt.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sipHash24 } from '../../../src/dns/message/siphash.ts';

const key = Uint8Array.from({ length: 16 }, (_, index) => index);

/** Of 0, 1, 2 … 63 octets: 00 01 02 … */
const vectors = `
310e0edd47db6f72 fd67dc93c539f874 5a4fa9d909806c0d 2d7efbd796666785 b7877127e09427cf 8da699cd64557618
cee3fe586e46c9cb 37d1018bf50002ab 6224939a79f5f593 b0e4a90bdf82009e f3b9dd94c5bb5d7a a7ad6b22462fb3f4
fbe50e86bc8f1e75 903d84c02756ea14 eef27a8e90ca23f7 e545be4961ca29a1 db9bc2577fcc2a3f 9447be2cf5e99a69
9cd38d96f0b3c14b bd6179a71dc96dbb 98eea21af25cd6be c7673b2eb0cbf2d0 883ea3e395675393 c8ce5ccd8c030ca8
94af49f6c650adb8 eab8858ade92e1bc f315bb5bb835d817 adcf6b0763612e2f a5c91da7acaa4dde 716595876650a2a6
28ef495c53a387ad 42c341d8fa92d832 ce7cf2722f512771 e37859f94623f3a7 381205bb1ab0e012 ae97a10fd434e015
b4a31508beff4d31 81396229f0907902 4d0cf49ee5d4dcca 5c73336a76d8bf9a d0a704536ba93e0e 925958fcd6420cad
a915c29bc8067318 952b79f3bc0aa6d4 f21df2e41d4535f9 87577519048f53a9 10a56cf5dfcd9adb eb75095ccd986cd0
51a9cb9ecba312e6 96afadfc2ce666c7 72fe52975a4364ee 5a1645b276d592a1 b274cb8ebf87870a 6f9bb4203de7b381
eaecb2a30b22a87f 9924a43cc1315724 bd838d3aafbf8db7 0b1a2a3265d51aea 135079a3231ce660 932b2846e4d70666
e1915f5cb1eca46c f325965ca16d629f 575ff28e60381be5 724506eb4c328a95
`
  .trim()
  .split(/\s+/);

test('gives what the reference implementation gives, for 0 to 63 octets', () => {
  const hashes = vectors.map((_, length) =>
    sipHash24(
      key,
      Uint8Array.from({ length }, (__, index) => index),
    ),
  );
  expect(hashes.map((hash) => Buffer.from(hash).toString('hex'))).toEqual(vectors);
});

test('gives what 64-bit arithmetic gives, for any key and octets, also inside a larger buffer', () => {
  const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(keys, fc.uint8Array({ maxLength: 300 }), fc.nat(7), (secret, message, offset) => {
      const shifted = Buffer.concat([Buffer.alloc(offset, 0xee), secret, message]);
      const [inKey, inMessage] = [shifted.subarray(offset, offset + 16), shifted.subarray(offset + 16)];
      expect(Buffer.from(sipHash24(inKey, inMessage)).readBigUInt64LE()).toBe(plain(secret, message));
    }),
    { numRuns: 300 },
  );
});

/** Aumasson and Bernstein 2012, §2, as it stands there. */
function plain(secret: Uint8Array, message: Uint8Array): bigint {
  const wrap = (value: bigint) => BigInt.asUintN(64, value);
  const rotated = (value: bigint, bits: bigint) => wrap((value << bits) | (value >> (64n - bits)));
  const [k0, k1] = [Buffer.from(secret).readBigUInt64LE(0), Buffer.from(secret).readBigUInt64LE(8)];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = () => {
    v0 = wrap(v0 + v1);
    v2 = wrap(v2 + v3);
    v1 = rotated(v1, 13n) ^ v0;
    v3 = rotated(v3, 16n) ^ v2;
    v0 = rotated(v0, 32n);
    v2 = wrap(v2 + v1);
    v0 = wrap(v0 + v3);
    v1 = rotated(v1, 17n) ^ v2;
    v3 = rotated(v3, 21n) ^ v0;
    v2 = rotated(v2, 32n);
  };
  const padding = Buffer.alloc(8 - (message.length % 8));
  padding[padding.length - 1] = message.length % 256;
  const padded = Buffer.concat([message, padding]);
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v0 ^ v1 ^ v2 ^ v3;
}
