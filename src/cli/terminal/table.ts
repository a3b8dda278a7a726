// Columns. On a terminal: a bold head, values as they are, lines cut to the width of the window. In a pipe: nothing is
// cut, every value is one word (an empty one is `-`, a blank inside is `\x20`), so `awk '{print $3}'` stays right
// whatever people name their things.
// Limits: the width of a character is that of its script, which is right for letters, CJK and most emoji.

import type { CliParts } from '../command.ts';
import { printable, printableWord } from './printable.ts';
import { painter } from './style.ts';

/** Rows have as many cells as there are heads. Ends with a line end. */
export function tableText(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  parts: Pick<CliParts, 'terminal' | 'env'>,
): string {
  const { terminal } = parts;
  const cell = terminal === undefined ? printableWord : (text: string) => printable(text);
  const lines = [heads, ...rows].map((row) => row.map((text) => cell(text)));
  const widths = heads.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column] ?? ''))));
  const paint = painter(parts);
  return lines
    .map((line, index) => {
      const padded = line.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - widthOf(text)));
      const whole = padded.join('  ').trimEnd();
      const text = terminal === undefined ? whole : cut(whole, terminal.columns);
      return `${index === 0 ? paint('strong', text) : text}\n`;
    })
    .join('');
}

const graphemes = new Intl.Segmenter();
const wide = /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|[\uff01-\uff60]/u;

/** In cells of a terminal. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

function cut(text: string, columns: number): string {
  // A terminal that does not know its width says 0.
  if (columns < 20 || widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
