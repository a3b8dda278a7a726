// Foreign text made safe to print: a server, a resolver or metadata must not be able to move the cursor,
// recolour the screen or turn the reading direction. Such characters are shown as an escape, so nothing gets lost.
// Limits: it is about control, not about deceit: letters that merely look alike are printed as they are.

/** C0, DEL, C1, line and paragraph separators, and the marks that change the direction of text (Unicode TR 9). */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;

/** One line of text with every control character as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return text.toWellFormed().replace(unsafe, (character) => escaped(character, '\\x'));
}

/** The same for JSON and double-quoted YAML, where only `\u` and four digits is an escape; line ends stay. */
export function printableDocument(text: string): string {
  return text.replace(unsafe, (character) => (character === '\n' ? character : escaped(character, '\\u00')));
}

/** Whether a text has such a character in it. */
export function isPrintable(text: string): boolean {
  return text.search(unsafe) < 0;
}

/** One word of it: for columns that a script cuts at blanks. An empty text is a dash. */
export function printableWord(text: string): string {
  return text === '' ? '-' : printable(text).replaceAll(/\s/g, (blank) => escaped(blank, '\\x'));
}

function escaped(character: string, short: string): string {
  const hex = character.charCodeAt(0).toString(16);
  return hex.length <= 2 ? short + hex.padStart(2, '0') : `\\u${hex.padStart(4, '0')}`;
}
