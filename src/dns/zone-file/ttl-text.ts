// Spans of time as zone files write them: seconds, or numbers with units such as 1h30m (BIND's notation, taken by
// NSD and Knot alike). Units may come in any order and more than once; a number after a unit needs one too.
// Limits: four octets.

/** RFC 1035 §2.3.4: a 32 bit number; that a TTL is at most 2^31-1 is the caller's rule. */
export const secondsMax = 4_294_967_295;

const unitSeconds = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
]);

/** Seconds, or undefined where `text` is not a span or does not fit 32 bits. */
export function parseSeconds(text: string): number | undefined {
  let total = 0;
  let number = -1;
  let hasUnits = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x30 && code <= 0x39) {
      number = Math.max(number, 0) * 10 + (code - 0x30);
      if (number > secondsMax) return undefined;
      continue;
    }
    const unit = unitSeconds.get((text[at] as string).toLowerCase());
    if (unit === undefined || number < 0) return undefined;
    total += number * unit;
    number = -1;
    hasUnits = true;
  }
  if (hasUnits === number >= 0) return undefined;
  total += Math.max(number, 0);
  return total <= secondsMax ? total : undefined;
}
