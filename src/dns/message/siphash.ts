// SipHash-2-4 (Aumasson and Bernstein, 2012), the keyed hash that RFC 9018 §4.4 gives to DNS cookies. Node's crypto does
// not have it. 64-bit words are pairs of 32-bit halves, low first: BigInt would be slower tenfold, and this runs once
// for every query that carries a cookie.

/** v0..v3, each as low and high half. One hash is made at a time. */
const v = new Uint32Array(8);

/** Eight octets. `key`: sixteen. */
export function sipHash24(key: Uint8Array, message: Uint8Array): Uint8Array {
  const keyWords = new DataView(key.buffer, key.byteOffset, 16);
  const initial = [0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462];
  for (const [index, word] of initial.entries()) v[index] = word ^ keyWords.getUint32(4 * (index & 3), true);
  const padded = new Uint8Array((message.length & ~7) + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  const words = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const low = words.getUint32(at, true);
    const high = words.getUint32(at + 4, true);
    xor(3, low, high);
    round();
    round();
    xor(0, low, high);
  }
  xor(2, 0xff, 0);
  for (let i = 0; i < 4; i++) round();
  const hash = new DataView(new ArrayBuffer(8));
  hash.setUint32(0, word(0) ^ word(2) ^ word(4) ^ word(6), true);
  hash.setUint32(4, word(1) ^ word(3) ^ word(5) ^ word(7), true);
  return new Uint8Array(hash.buffer);
}

function word(index: number): number {
  return v[index] as number;
}

function round(): void {
  add(0, 1);
  rotateLeft(1, 13);
  xorWord(1, 0);
  swapHalves(0);
  add(2, 3);
  rotateLeft(3, 16);
  xorWord(3, 2);
  add(0, 3);
  rotateLeft(3, 21);
  xorWord(3, 0);
  add(2, 1);
  rotateLeft(1, 17);
  xorWord(1, 2);
  swapHalves(2);
}

function add(to: number, from: number): void {
  const low = word(2 * to) + word(2 * from);
  v[2 * to] = low;
  v[2 * to + 1] = word(2 * to + 1) + word(2 * from + 1) + (low > 0xffffffff ? 1 : 0);
}

/** By less than 32 bits. */
function rotateLeft(index: number, bits: number): void {
  const low = word(2 * index);
  const high = word(2 * index + 1);
  v[2 * index] = (low << bits) | (high >>> (32 - bits));
  v[2 * index + 1] = (high << bits) | (low >>> (32 - bits));
}

function xorWord(to: number, from: number): void {
  xor(to, word(2 * from), word(2 * from + 1));
}

function xor(to: number, low: number, high: number): void {
  v[2 * to] = word(2 * to) ^ low;
  v[2 * to + 1] = word(2 * to + 1) ^ high;
}

/** Rotation by 32 bits. */
function swapHalves(index: number): void {
  const low = word(2 * index);
  v[2 * index] = word(2 * index + 1);
  v[2 * index + 1] = low;
}
