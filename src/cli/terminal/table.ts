// Columns. On a terminal: a bold head, values as they are, and the table made to fit the window: columns that are empty or
// matter least leave first, then long values are shortened, and at last lines are cut at the edge. In a pipe: nothing is
// left out and nothing is cut, every value is one word (an empty one is `-`, a blank inside is `\x20`), so
// `awk '{print $3}'` stays right whatever people name their things.
// Limits: the width of a character is that of its script, which is right for letters, CJK and most emoji.

import type { CliParts } from '../command.ts';
import { printable, printableWord } from './printable.ts';
import { painter, type Style } from './style.ts';

export interface Column {
  readonly head: string;
  /** A sentence keeps its blanks in a pipe too, since nothing comes after it: for the last column. */
  readonly holds?: 'word' | 'sentence';
  /** On a terminal it leaves where it is empty or there is no room, the highest number first; undefined: it stays. */
  readonly leaves?: number;
  /** Where there is no room, its values may be shortened to so many cells. */
  readonly shrinksTo?: number;
  /** What of a shortened value stays: its beginning, or for names, which differ at their end, both ends. */
  readonly keeps?: 'start' | 'ends';
  readonly styleOf?: (text: string, row: readonly string[]) => Style | undefined;
}

interface Cells {
  readonly column: Column;
  /** The head first. */
  readonly texts: readonly string[];
  readonly styles: readonly (Style | undefined)[];
  readonly width: number;
}

const gap = '  ';

/** Rows have as many cells as there are columns; a column is its head, or all about it. Ends with a line end. */
export function tableText(
  columns: readonly (string | Column)[],
  rows: readonly (readonly string[])[],
  parts: Pick<CliParts, 'terminal' | 'env'>,
): string {
  const { terminal } = parts;
  const all = columns.map((given, index): Cells => {
    const column = typeof given === 'string' ? { head: given } : given;
    const isWord = column.holds !== 'sentence';
    const cell = (text: string): string =>
      terminal === undefined && (text === '' || isWord) ? printableWord(text) : printable(text);
    const styles = rows.map((row) => column.styleOf?.(row[index] ?? '', row));
    return cellsOf(column, [column.head, ...rows.map((row) => cell(row[index] ?? ''))], [undefined, ...styles]);
  });
  const shown = terminal === undefined ? all : fitted(all, terminal.columns);
  const paint = painter(parts);
  return ['', ...rows].map((_, line) => `${lineText(shown, line, terminal?.columns, paint)}\n`).join('');
}

function lineText(
  shown: readonly Cells[],
  line: number,
  width: number | undefined,
  paint: ReturnType<typeof painter>,
): string {
  const texts = shown.map(({ texts, width: cells }) => {
    const text = texts[line] ?? '';
    return text + ' '.repeat(cells - widthOf(text));
  });
  const whole = texts.join(gap).trimEnd();
  const isCut = width !== undefined && cut(whole, width) !== whole;
  const plain = isCut ? cut(whole, width) : whole;
  if (line === 0) return paint('strong', plain);
  // A cut line has no cells any more: it comes to that only in windows too narrow for the columns that stay.
  if (isCut) return plain;
  return shown
    .map(({ styles }, index) => {
      const style = styles[line];
      return style === undefined ? (texts[index] ?? '') : painted(texts[index] ?? '', style, paint);
    })
    .join(gap)
    .trimEnd();
}

/** The blanks that fill a cell stay as they are. */
function painted(text: string, style: Style, paint: ReturnType<typeof painter>): string {
  const word = text.trimEnd();
  return paint(style, word) + text.slice(word.length);
}

function cellsOf(column: Column, texts: readonly string[], styles: Cells['styles']): Cells {
  // Not spread: a list may have a hundred thousand rows.
  return { column, texts, styles, width: texts.reduce((most, text) => Math.max(most, widthOf(text)), 0) };
}

/** What of the columns fits into so many cells; all of them where the terminal does not know its width. */
function fitted(all: readonly Cells[], columns: number): readonly Cells[] {
  let shown = all.filter(({ column, texts }) => column.leaves === undefined || texts.slice(1).some((t) => t !== ''));
  if (columns < columnsMin) return shown;
  const total = (widthIn: (cells: Cells) => number): number =>
    shown.reduce((sum, cells) => sum + widthIn(cells) + gap.length, -gap.length);
  const leaving = shown.map(({ column }) => column).filter(({ leaves }) => leaves !== undefined);
  leaving.sort((one, other) => (other.leaves ?? 0) - (one.leaves ?? 0));
  for (const column of leaving) {
    if (total(narrowest) > columns) shown = shown.filter((cells) => cells.column !== column);
  }
  let excess = total(({ width }) => width) - columns;
  return shown.map((cells) => {
    const width = Math.max(narrowest(cells), cells.width - Math.max(excess, 0));
    if (width === cells.width) return cells;
    excess -= cells.width - width;
    const shortened = cells.column.keeps === 'ends' ? cutMiddle : cut;
    const texts = cells.texts.map((text) => shortened(text, width));
    return cellsOf(cells.column, texts, cells.styles);
  });
}

function narrowest({ column: { head, shrinksTo }, width }: Cells): number {
  return shrinksTo === undefined ? width : Math.min(width, Math.max(shrinksTo, head.length));
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

/** A terminal that does not know its width reports 0. */
const columnsMin = 20;

/** The text, or what of it fits into so many cells; all of it where they are too few to be a width. */
export function cut(text: string, columns: number): string {
  if (columns < 8 || widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** The text, or its beginning and the longer part of it, its end. */
function cutMiddle(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const segments = [...graphemes.segment(text)].map(({ segment }) => segment);
  const [start, end]: [string[], string[]] = [[], []];
  let width = 1;
  while (segments.length > 0) {
    const isStart = start.length * 2 < end.length;
    const segment = (isStart ? segments.shift() : segments.pop()) ?? '';
    width += widthOf(segment);
    if (width > columns) break;
    (isStart ? start : end).push(segment);
  }
  return `${start.join('')}…${end.reverse().join('')}`;
}
