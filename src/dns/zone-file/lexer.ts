// Master-file text to entries of tokens (RFC 1035 §5.1): comments gone, parentheses joined over lines, quotes and
// escapes recognised. Escapes stay in a token's text: only the field that reads it knows whether `\.` is a dot inside
// a label. A quote ends the token before it, as BIND and NSD have it; `adjoined` distinguishes `alpn="h2"` from `alpn= "h2"`.
// Text is one character per octet (latin1). CR LF is a line end, CR alone is refused, as is NUL outside comments.
// Where the trusted parsers differ, what two of three refuse is refused: nested parentheses, one before an owner.
// Text comes in pieces and is looked at through a window, so that no large string is ever made.
// Limits: wordOctetsMax a word, wordsMax an entry: a parenthesis never closed must not swallow a zone.

import type { SourcePosition } from './fault.ts';

export interface LexerToken extends SourcePosition {
  /** As written, escapes included, without the quotes. */
  readonly text: string;
  readonly quoted: boolean;
  /** Nothing is between this token and the one before it. */
  readonly adjoined: boolean;
}

/** One line, or several joined by parentheses; never without tokens. */
export interface ZoneFileEntry {
  readonly tokens: readonly LexerToken[];
  /** It began with white space: its owner is that of the record before it. */
  readonly indented: boolean;
}

/** Nothing is wrong, and nothing is ready: a good moment for other work. */
export type LexPause = 'pause';

export interface LexFault extends SourcePosition {
  readonly fault: string;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const NUL = 0x00;

/** 1 for each octet at which a bare token has to stop or to look closer. */
const special = new Uint8Array(256);
for (const octet of [TAB, LF, CR, SPACE, QUOTE, OPEN, CLOSE, SEMICOLON, BACKSLASH, NUL]) special[octet] = 1;

/** 65 535 octets of data (RFC 1035 §3.2.1), each written as an escape of four. */
const wordOctetsMax = 4 * 65_535;
/** One for each octet of the data, and what is before it: more would be too long for a record in any case. */
const wordsMax = 65_535 + 8;
/** Words, blanks and comments until a pause: a tenth of a millisecond. */
const stepsMax = 1024;
/** What must be in the window, if it is to come at all, before a word is read: the word and a look after it. */
const aheadOctets = wordOctetsMax + 2;

const byteOrderMark = '\xef\xbb\xbf';

/** Reads entry by entry; after a fault the next call goes on after the entry that had it. */
export class Lexer {
  #text: string;
  readonly #pieces: readonly Buffer[];
  #nextPiece = 0;
  /** From here on the window is too short, as long as there are pieces. */
  #slideAt = 0;
  #at = 0;
  #line = 1;
  /** Where in the window the line began; below zero where it began before. */
  #lineStart = 0;
  #isPaused = false;
  #tokens: LexerToken[] = [];
  #indented = false;
  #open: SourcePosition | undefined;
  #adjoined = false;

  constructor(text: string | readonly Buffer[]) {
    this.#text = typeof text === 'string' ? text : '';
    this.#pieces = typeof text === 'string' ? [] : text;
    this.#slide();
    if (this.#text.startsWith(byteOrderMark)) this.#at = -1;
  }

  /** The next entry, a fault, or undefined at the end. */
  next(): ZoneFileEntry | LexFault | undefined {
    for (;;) {
      const read = this.step();
      if (read !== 'pause') return read;
    }
  }

  /** As next(), in small steps: a pause is to be followed by another call. */
  step(): ZoneFileEntry | LexFault | LexPause | undefined {
    if (this.#at < 0) {
      this.#at = byteOrderMark.length;
      return { fault: 'file begins with a UTF-8 byte order mark: save it without one', line: 1, column: 1 };
    }
    if (!this.#isPaused) {
      this.#tokens = [];
      this.#indented = false;
      this.#open = undefined;
      this.#adjoined = false;
    }
    this.#isPaused = false;
    for (let steps = 0; steps < stepsMax; steps++) {
      if (this.#at >= this.#slideAt) this.#slide();
      if (this.#at >= this.#text.length) return this.#end();
      const code = this.#text.charCodeAt(this.#at);
      const fault = special[code] === 1 ? this.#special(code) : this.#bare();
      if (fault !== undefined) return this.#recover(fault);
      if (code === LF && this.#open === undefined) {
        if (this.#tokens.length > 0) return { tokens: this.#tokens, indented: this.#indented };
        this.#indented = false;
      }
    }
    this.#isPaused = true;
    return 'pause';
  }

  #end(): ZoneFileEntry | LexFault | undefined {
    if (this.#open !== undefined) return { fault: 'parenthesis is never closed', ...this.#open };
    return this.#tokens.length > 0 ? { tokens: this.#tokens, indented: this.#indented } : undefined;
  }

  /** Drops what was read from the window and takes in more until it is long enough; false: there is no more. */
  #slide(): boolean {
    if (this.#nextPiece === this.#pieces.length) {
      this.#slideAt = Number.POSITIVE_INFINITY;
      return false;
    }
    let text = this.#text.slice(this.#at);
    this.#lineStart -= this.#at;
    this.#at = 0;
    while (text.length <= aheadOctets && this.#nextPiece < this.#pieces.length) {
      text += (this.#pieces[this.#nextPiece++] as Buffer).toString('latin1');
    }
    this.#text = text;
    this.#slideAt = text.length - aheadOctets;
    return true;
  }

  #special(code: number): LexFault | undefined {
    switch (code) {
      case SPACE:
      case TAB:
        if (this.#at === this.#lineStart && this.#open === undefined) this.#indented = true;
        this.#adjoined = false;
        this.#at++;
        return undefined;
      case LF:
        this.#adjoined = false;
        this.#newLine();
        return undefined;
      case CR:
        if (this.#text.charCodeAt(this.#at + 1) !== LF) return this.#fault('carriage return without a line feed');
        this.#at++;
        return undefined;
      case SEMICOLON:
        this.#toLineEnd();
        return undefined;
      case OPEN:
        if (this.#open !== undefined) return this.#fault('parentheses cannot be nested');
        if (this.#tokens.length === 0 && !this.#indented)
          return this.#fault('an entry cannot begin with a parenthesis');
        this.#open = this.#place(this.#at);
        this.#adjoined = false;
        this.#at++;
        return undefined;
      case CLOSE:
        if (this.#open === undefined) return this.#fault('closing parenthesis without an opening one');
        this.#open = undefined;
        this.#adjoined = false;
        this.#at++;
        return undefined;
      case QUOTE:
        return this.#quoted();
      default:
        return this.#bare();
    }
  }

  #bare(): LexFault | undefined {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    for (;;) {
      const code = at < text.length ? text.charCodeAt(at) : LF;
      if (special[code] !== 1) {
        at++;
        continue;
      }
      if (code === NUL) return this.#fault('NUL octet', at);
      if (code !== BACKSLASH) break;
      if (!this.#escapes(at)) return this.#fault('backslash with nothing after it', at);
      at += 2;
    }
    this.#at = at;
    return this.#push(text.slice(start, at), false, start);
  }

  #quoted(): LexFault | undefined {
    const text = this.#text;
    const start = this.#at + 1;
    let at = start;
    for (;;) {
      const code = at < text.length ? text.charCodeAt(at) : LF;
      if (code === QUOTE) break;
      if (code === NUL) return this.#fault('NUL octet', at);
      if (code === LF) return this.#fault('quoted text is not closed on its line');
      // The second octet of an escape is stepped over, so that `\"` does not close; a line end is seen in any case.
      at += code === BACKSLASH && this.#escapes(at) ? 2 : 1;
    }
    this.#at = at + 1;
    return this.#push(text.slice(start, at), true, start - 1);
  }

  /** Whether the backslash at `at` has an octet to escape. */
  #escapes(at: number): boolean {
    const code = at + 1 < this.#text.length ? this.#text.charCodeAt(at + 1) : LF;
    return code !== LF && code !== CR && code !== NUL;
  }

  /** What is wrong with the length of a word, of the entry, or nothing and the word is taken. */
  #push(text: string, quoted: boolean, at: number): LexFault | undefined {
    if (text.length > wordOctetsMax) return this.#fault(`word is over ${wordOctetsMax} octets`, at);
    if (this.#tokens.length === wordsMax) {
      const start = this.#open ?? this.#place(at);
      return { fault: `over ${wordsMax} words in one entry: is a parenthesis never closed?`, ...start };
    }
    const adjoined = this.#adjoined;
    this.#tokens.push({ text, quoted, adjoined, line: this.#line, column: at - this.#lineStart + 1 });
    this.#adjoined = true;
    return undefined;
  }

  #newLine(): void {
    this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #place(at: number): SourcePosition {
    return { line: this.#line, column: at - this.#lineStart + 1 };
  }

  #fault(fault: string, at = this.#at): LexFault {
    return { fault, ...this.#place(at) };
  }

  /**
   * Steps over the rest of the entry, so that one mistake is one message: to the end of the line, and inside
   * parentheses on to a line that begins in the first column like an owner.
   */
  #recover(fault: LexFault): LexFault {
    const nested = this.#open !== undefined;
    do {
      if (!this.#toLineEnd()) return fault;
      this.#newLine();
      if (this.#at >= this.#slideAt) this.#slide();
    } while (nested && this.#at < this.#text.length && special[this.#text.charCodeAt(this.#at)] === 1);
    return fault;
  }

  /** To the line feed of this line; false: the text ends without one. */
  #toLineEnd(): boolean {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#text.length : end;
      if (end >= 0 || !this.#slide()) return end >= 0;
    }
  }
}
