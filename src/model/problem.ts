// What is wrong with an input, one entry per fault. Parsers collect problems and return them all, so that a client
// mends its request once and not once per field.

export interface Problem {
  /** Path of the field: `addrs[2]`, `metadata.team`, `appid`. */
  readonly field: string;
  /** What is wrong and what would be right, without the value. */
  readonly message: string;
  /** The offending value, shortened for display; undefined where it is missing. */
  readonly value?: string;
}

/** A value in a message is cut here: long enough to recognise, short enough for a log line. */
const shownCharactersMax = 80;

/** Any value as one printable, bounded line. Never throws: deep or cyclic input is named, not walked. */
export function printable(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = typeof value === 'string' ? value : String(value);
  const cut = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text;
  // Control characters and line separators would break a log line or a terminal.
  return cut.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`;
  });
}

export function problem(field: string, message: string, value?: unknown): Problem {
  // A field's name may be a key that the client made up.
  const at = printable(field);
  return value === undefined ? { field: at, message } : { field: at, message, value: printable(value) };
}
