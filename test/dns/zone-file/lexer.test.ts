// Text to tokens: where they stand, what joins lines, what ends an entry, and how it goes on after a fault.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lexer, type LexFault, type ZoneFileEntry } from '../../../src/dns/zone-file/lexer.ts';

const r = String.raw;

function lex(text: string): (ZoneFileEntry | LexFault)[] {
  const lexer = new Lexer(text);
  const entries: (ZoneFileEntry | LexFault)[] = [];
  for (let entry = lexer.next(); entry !== undefined; entry = lexer.next()) entries.push(entry);
  return entries;
}

/** Entries as words; quoted ones in quotes, adjoined ones with + in front, an inherited owner as <. */
function words(text: string): string[] {
  return lex(text).map((entry) => {
    if ('fault' in entry) return `${entry.line}:${entry.column}: ${entry.fault}`;
    const shown = entry.tokens.map((token) => {
      return (token.adjoined ? '+' : '') + (token.quoted ? `"${token.text}"` : token.text);
    });
    return [...(entry.indented ? ['<'] : []), ...shown].join(' ');
  });
}

describe('tokens', () => {
  it.each([
    ['words between blanks and tabs', 'a  b\tc \n', ['a b c']],
    ['no entry on empty lines', '\n \n\t; x\n;\n', []],
    ['an inherited owner', ' A\n\tB\n', ['< A', '< B']],
    ['blanks on the line before do not count', ' \na\n', ['a']],
    ['a comment', 'a;b c\nd ; e', ['a', 'd']],
    ['a semicolon in quotes', 'a ";" b', ['a ";" b']],
    ['an escaped semicolon', r`a\;b`, [r`a\;b`]],
    ['an escaped blank, quote, parenthesis', r`a\ b\"c\(d`, [r`a\ b\"c\(d`]],
    ['an escaped quote in quotes', r`"a\"b"`, [r`"a\"b"`]],
    ['an escaped backslash before a quote', r`"a\\" b`, [r`"a\\" b`]],
    ['empty quotes', 'a ""', ['a ""']],
    ['quotes at a word', 'k="v" "x"y', ['k= +"v" "x" +y']],
    ['lines in parentheses', 'a (b\nc ; ) \n d)\ne', ['a b c d', 'e']],
    ['a column 1 inside parentheses is no owner', 'a (\nb\n)', ['a b']],
    ['parentheses that touch', 'a(b)c', ['a b c']],
    ['parentheses after white space', ' (\n a )', ['< a']],
    ['parentheses in quotes', '"(" ")"', ['"(" ")"']],
    ['CR LF', 'a b\r\n c\r\n(', ['a b', '< c', '3:1: an entry cannot begin with a parenthesis']],
    ['CR LF behind a comment', 'a ; b\r\nc', ['a', 'c']],
    ['no final newline', 'a', ['a']],
    ['octets above 127', 'caf\xc3\xa9', ['caf\xc3\xa9']],
    ['NUL in a comment', 'a ; \0', ['a']],
  ])('%s', (_, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('have their position', () => {
    const [entry] = lex('; c\n\n  ab "cd" (\n\te)');
    const places = (entry as ZoneFileEntry).tokens.map(({ line, column }) => `${line}:${column}`);
    expect(places).toEqual(['3:3', '3:6', '4:2']);
  });
});

describe('faults', () => {
  it.each([
    ['a quote that is not closed', 'a "b\nc', ['1:3: quoted text is not closed on its line', 'c']],
    ['a quote at the very end', 'a "', ['1:3: quoted text is not closed on its line']],
    ['an escaped newline in quotes', 'a "b\\\nc', ['1:3: quoted text is not closed on its line', 'c']],
    ['a parenthesis that is not closed', 'a (b\nc\n', ['1:3: parenthesis is never closed']],
    ['a closing one too many', 'a )\nb', ['1:3: closing parenthesis without an opening one', 'b']],
    ['one inside another', 'a ((\n b\n)\nc', ['1:4: parentheses cannot be nested', 'c']],
    ['NUL in a word', 'a\0b c\nd', ['1:2: NUL octet', 'd']],
    ['NUL in quotes', '"\0"\nd', ['1:2: NUL octet', 'd']],
    ['an escaped NUL', 'a\\\0', ['1:2: backslash with nothing after it']],
    ['a backslash at the end of a line', 'a\\\nb', ['1:2: backslash with nothing after it', 'b']],
    ['a backslash at the end', 'a\\', ['1:2: backslash with nothing after it']],
    ['CR alone', 'a\rb\nc', ['1:2: carriage return without a line feed', 'c']],
    ['a byte order mark', '\xef\xbb\xbfa', ['1:1: file begins with a UTF-8 byte order mark: save it without one', 'a']],
  ])('%s', (_, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('inside parentheses, the rest of the entry is stepped over', () => {
    expect(words('a ( "b\n c\n d )\ne f')).toEqual(['1:5: quoted text is not closed on its line', 'e f']);
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(' ', '\t', '\n', '\r\n', '\r', ';', '(', ')', '"', '\\', '\0', 'a', '1', '.', '\xff');

  it('ends, and every token is a piece of its line', () => {
    fc.assert(
      fc.property(
        fc.array(pieces).map((list) => list.join('')),
        (text) => {
          const lines = text.split('\n');
          for (const entry of lex(text)) {
            for (const token of 'fault' in entry ? [] : entry.tokens) {
              const start = token.column - 1 + (token.quoted ? 1 : 0);
              expect(lines[token.line - 1]?.slice(start, start + token.text.length)).toBe(token.text);
            }
          }
        },
      ),
    );
  });
});
