// The pieces of $GENERATE as BIND has it (ARM, "BIND Primary File Extension"): a range, and text in which `$` is replaced
// by the number: `${offset,width,base}` shifts, pads and converts it, `\$` and `$$` are a plain dollar sign.
// NSD and Knot do not have the directive. Limits: recordsMax records a directive; a number of numberTextMax characters.

/** Enough for a /16; more is a slip of the pen (`1-4000000000`) far more often than it is meant. */
export const generatedRecordsMax = 65_536;
/** No name or number that makes sense is longer. */
const numberTextMax = 255;
/** What BIND takes: a signed 32 bit number. */
const numberMax = 2_147_483_647;

export interface Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** Reads `start-stop` or `start-stop/step`; text: what is wrong with it. */
export function parseRange(text: string): Range | string {
  const match = /^([0-9]{1,10})-([0-9]{1,10})(?:\/([0-9]{1,10}))?$/.exec(text);
  if (match === null) return 'range must be start-stop or start-stop/step';
  const [start, stop, step] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 1)];
  if (stop > numberMax) return `range must end at ${numberMax} at most`;
  if (start > stop) return 'range ends before it starts';
  if (step === 0) return 'step of the range is zero';
  const count = Math.floor((stop - start) / step) + 1;
  if (count > generatedRecordsMax) return `range makes ${count} records, more than ${generatedRecordsMax}`;
  return { start, stop, step };
}

/** The text for one number; undefined: the number cannot be written that way. */
export type Template = (value: number) => string | undefined;

type Piece = string | Template;

const modifier = /\{([+-]?[0-9]{1,10})(?:,([0-9]{1,3})(?:,([doxXnN]))?)?\}/y;

/** Reads text with `$` in it; undefined: a `${…}` is malformed. */
export function parseTemplate(text: string): Template | undefined {
  const pieces: Piece[] = [];
  let plain = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const next = text[at + 1] ?? '';
    if (character === '\\') {
      // Escapes, `\$` among them, are resolved where the name or the data is read.
      plain += character + next;
      at++;
    } else if (character !== '$') {
      plain += character;
    } else if (next === '$') {
      // Escaped, so that a name does not depend on how a lone `$` is read.
      plain += '\\$';
      at++;
    } else {
      modifier.lastIndex = at + 1;
      const match = next === '{' ? modifier.exec(text) : null;
      if (next === '{' && match === null) return undefined;
      const [all = '', offset = '0', width = '0', base = 'd'] = match ?? [];
      if (Number(width) > numberTextMax) return undefined;
      pieces.push(plain, (value) => numberToText(value + Number(offset), Number(width), base));
      plain = '';
      at += all.length;
    }
  }
  pieces.push(plain);
  return (value) => fill(pieces, value);
}

function fill(pieces: readonly Piece[], value: number): string | undefined {
  let text = '';
  for (const piece of pieces) {
    const filled = typeof piece === 'string' ? piece : piece(value);
    if (filled === undefined) return undefined;
    text += filled;
  }
  return text;
}

function numberToText(value: number, width: number, base: string): string | undefined {
  if (value > numberMax || (value < 0 && base !== 'd')) return undefined;
  if (base === 'n' || base === 'N') {
    const text = nibbles(value, width);
    return base === 'N' ? text.toUpperCase() : text;
  }
  if (value < 0) return `-${String(-value).padStart(width - 1, '0')}`;
  const text = value.toString(base === 'd' ? 10 : base === 'o' ? 8 : 16).padStart(width, '0');
  return base === 'X' ? text.toUpperCase() : text;
}

/** Hexadecimal digits, lowest first, dots between them: ip6.arpa names. `width` counts the dots too. */
function nibbles(value: number, width: number): string {
  let text = '';
  let rest = value;
  do {
    text += (rest & 15).toString(16);
    rest = Math.floor(rest / 16);
    if (text.length < width || rest > 0) text += '.';
  } while (rest > 0 || text.length < width);
  return text;
}
