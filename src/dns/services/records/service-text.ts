// Metadata as TXT data: one `key=value` a character-string (RFC 6763 §6.3). Without metadata: one empty string, since TXT
// data must not be empty (RFC 6763 §6.1). A pair that does not fit the 255 octets of a string is left out: what went on in
// a next string would be read as an attribute of its own. So is a key that differs from an earlier one in letter case
// alone, of which readers believe the first (§6.4). `_why` lists what is left out.

import { foldAscii, utf8Length } from '../../../model/text.ts';

const stringOctetsMax = 255;

export interface ShownMetadata {
  /** `key=value`, each as it fits a string. */
  readonly pairs: readonly string[];
  /** Keys of pairs that are longer than a string. */
  readonly tooLong: readonly string[];
  /** Keys that differ from another in letter case alone. */
  readonly repeated: readonly string[];
}

export function metadataTexts(metadata: ReadonlyMap<string, string>): ShownMetadata {
  const pairs: string[] = [];
  const tooLong: string[] = [];
  const repeated: string[] = [];
  const keys = new Set<string>();
  for (const [key, value] of metadata) {
    const pair = `${key}=${value}`;
    const folded = foldAscii(key);
    if (keys.has(folded)) repeated.push(key);
    else if (utf8Length(pair) > stringOctetsMax) tooLong.push(key);
    else pairs.push(pair);
    keys.add(folded);
  }
  return { pairs, tooLong, repeated };
}

/** `leading` strings, then the metadata's, as TXT data: each with its length octet. */
export function metadataStrings(leading: readonly string[], metadata: ReadonlyMap<string, string>): Uint8Array {
  return characterStrings(metadata.size === 0 ? leading : [...leading, ...metadataTexts(metadata).pairs]);
}

/** Texts as counted strings (RFC 1035 §3.3.14), each in as many as it needs; for none, one that is empty. */
export function characterStrings(texts: readonly string[]): Uint8Array {
  if (texts.length === 0) return Uint8Array.of(0);
  const parts: Uint8Array[] = [];
  for (const text of texts) {
    const octets = Buffer.from(text, 'utf8');
    for (let at = 0; at < octets.length; ) {
      const end = endOfPart(octets, at);
      parts.push(Uint8Array.of(end - at), octets.subarray(at, end));
      at = end;
    }
  }
  return Buffer.concat(parts);
}

/** As far as a string reaches, but not into a character: octets after its first are 10xxxxxx (RFC 3629 §3). */
function endOfPart(octets: Uint8Array, at: number): number {
  let end = Math.min(at + stringOctetsMax, octets.length);
  while (end < octets.length && ((octets[end] as number) & 0xc0) === 0x80) end--;
  return end;
}
