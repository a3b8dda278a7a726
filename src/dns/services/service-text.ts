// Metadata as TXT data: one `key=value` a character-string (RFC 6763 §6.3). A value that does not fit the 255 octets of
// a string goes on in the next ones, as mail records do it (RFC 7208 §3.3). Without metadata: one empty string, since
// TXT data must not be empty (RFC 6763 §6.1).

const stringOctetsMax = 255;

/** `leading` strings, then the metadata's, as TXT data: each with its length octet. */
export function metadataStrings(leading: readonly string[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const texts = [...leading];
  for (const [key, value] of metadata) texts.push(`${key}=${value}`);
  return characterStrings(texts);
}

/** Texts as counted strings (RFC 1035 §3.3.14), each in as many as it needs; for none, one that is empty. */
export function characterStrings(texts: readonly string[]): Uint8Array {
  if (texts.length === 0) return Uint8Array.of(0);
  const parts: Uint8Array[] = [];
  for (const text of texts) {
    const octets = Buffer.from(text, 'utf8');
    for (let at = 0; at < octets.length; at += stringOctetsMax) {
      const part = octets.subarray(at, at + stringOctetsMax);
      parts.push(Uint8Array.of(part.length), part);
    }
  }
  return Buffer.concat(parts);
}
