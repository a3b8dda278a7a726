// Numbers for texts: for tables that find things, and for choices that are to come out alike each time. Not for secrets:
// anyone who wants two texts of one number finds them.

/** Where FNV-1a of 32 bits begins. */
export const hashStart = 0x811c9dc5;
export const hashPrime = 0x01000193;

/** FNV-1a over UTF-16 units, 32 bits with a sign. `start`: what a text is hashed together with. */
export function textHash(text: string, start = hashStart): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), hashPrime);
  return hash;
}

/**
 * MurmurHash3's last step, without which like texts would get like numbers: 32 bits without a sign, each of which depends
 * on all that went in.
 */
export function mixed(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return (whole ^ (whole >>> 16)) >>> 0;
}

/** Of an app in an env, or of the end of its name; 32 bits with a sign. dns/services/names/requested-names.ts computes the same from octets. */
export function appHash(env: string, appid: string): number {
  return mixed(textHash(appid, mixed(textHash(env)))) | 0;
}
