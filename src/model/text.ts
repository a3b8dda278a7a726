// Free text with limits: versions, zones, tags, instance ids and metadata are the caller's own words, bounded in
// octets and printable, so that they survive logs, JSON and DNS character-strings unchanged.

/** Length in UTF-8. A lone surrogate counts as the three octets it would be replaced by. */
export function utf8Length(text: string): number {
  let octets = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) octets += 1;
    else if (unit < 0x800) octets += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(i + 1))) {
      octets += 4;
      i++;
    } else octets += 3;
  }
  return octets;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** No control characters, no lone surrogates, no line or paragraph separators. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text);
}

const upper = /[A-Z]+/g;

/** Lower-cases A-Z alone, as DNS compares (RFC 4343 §3). */
export function foldAscii(text: string): string {
  if (!hasUpper(text)) return text;
  return text.replace(upper, (letters) => letters.toLowerCase());
}

/** Most names have none: a look is cheaper than a replacement that finds nothing. */
function hasUpper(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x41 && unit <= 0x5a) return true;
  }
  return false;
}
