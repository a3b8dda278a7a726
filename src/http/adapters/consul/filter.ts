// The `filter` of a read: go-bexpr's expressions over the documents of the answer, by the names that they have there.
// `Service.Meta.version == "1.4.2" and "blue" in Service.Tags`, with and, or, not, parentheses, ==, !=, in, not in,
// contains, not contains, matches, not matches, is empty and is not empty. A selector is a path of names, or of
// texts in brackets (`Meta["a.b"]`, `"/Meta/a.b"` is not read).
// Limits: `charactersMax` and `depthMax`; patterns are matched in linear time (linear-pattern.ts).

import { isObject } from '../../../model/instance.ts';
import { parsePattern } from './linear-pattern.ts';

export type Filter = (document: object) => boolean;

const charactersMax = 4096;
const depthMax = 50;

interface Token {
  readonly kind: 'word' | 'text' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

class Unreadable extends Error {}

/** The filter, or what is wrong with it. */
export function parseFilter(text: string): Filter | { readonly fault: string } {
  if (text.length > charactersMax) return { fault: `it is longer than ${charactersMax} characters` };
  try {
    return new Reader(tokensOf(text)).whole();
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.message };
    throw error;
  }
}

const tokenForm = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(==|!=|[()[\].])|([A-Za-z0-9_:/%+-]+))/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const form = new RegExp(tokenForm);
  for (;;) {
    const { lastIndex } = form;
    const match = form.exec(text);
    if (match === null) {
      if (text.slice(lastIndex).trim() !== '')
        throw new Unreadable(
          `1:${lastIndex + 1}: no match found: ${JSON.stringify(text.slice(lastIndex, lastIndex + 20))}`,
        );
      return [...tokens, { kind: 'end', text: '', at: text.length }];
    }
    const [, quoted, sign, word] = match;
    const at = lastIndex;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: unquoted(quoted, at), at });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, at });
    else tokens.push({ kind: 'word', text: word as string, at });
  }
}

function unquoted(quoted: string, at: number): string {
  if (quoted.startsWith('`')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new Unreadable(`1:${at + 1}: the text ${quoted} cannot be read`);
  }
}

type Path = readonly string[];

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Filter {
    const filter = this.#or();
    if (this.#token.kind !== 'end') throw this.#unexpected();
    return filter;
  }

  #or(): Filter {
    if (++this.#depth > depthMax) throw new Unreadable(`it is nested deeper than ${depthMax}`);
    const parts = [this.#and()];
    while (this.#takes('or')) parts.push(this.#and());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Filter) : (document) => parts.some((part) => part(document));
  }

  #and(): Filter {
    const parts = [this.#not()];
    while (this.#takes('and')) parts.push(this.#not());
    return parts.length === 1 ? (parts[0] as Filter) : (document) => parts.every((part) => part(document));
  }

  #not(): Filter {
    let isInverted = false;
    while (this.#takes('not')) isInverted = !isInverted;
    const one = this.#one();
    return isInverted ? (document) => !one(document) : one;
  }

  #one(): Filter {
    if (this.#takes('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const token = this.#token;
    // `"blue" in Service.Tags`, and the same with a word.
    const after = this.#tokens[this.#next + 1];
    if (token.kind === 'text' || after?.text === 'in' || after?.text === 'not') {
      this.#next++;
      return this.#membership(token.text);
    }
    return this.#comparison(this.#path());
  }

  #membership(value: string): Filter {
    const isInverted = this.#takes('not');
    this.#expect('in');
    return inverted(isIn(this.#path(), value), isInverted);
  }

  #comparison(path: Path): Filter {
    if (this.#takes('==')) return isEqual(path, this.#value());
    if (this.#takes('!=')) return inverted(isEqual(path, this.#value()), true);
    if (this.#takes('is')) {
      const isInverted = this.#takes('not');
      this.#expect('empty');
      return inverted((document) => isEmpty(at(document, path)), isInverted);
    }
    const isInverted = this.#takes('not');
    if (this.#takes('contains')) return inverted(isIn(path, this.#value()), isInverted);
    if (this.#takes('matches')) return inverted(isMatch(path, this.#value()), isInverted);
    throw this.#unexpected();
  }

  #path(): Path {
    const { kind, text } = this.#token;
    if (kind !== 'word') throw this.#unexpected();
    const path = [text];
    this.#next++;
    for (;;) {
      const isBracket = this.#takes('[');
      if (!isBracket && !this.#takes('.')) return path;
      const part = this.#token;
      if (part.kind !== (isBracket ? 'text' : 'word')) throw this.#unexpected();
      path.push(part.text);
      this.#next++;
      if (isBracket) this.#expect(']');
    }
  }

  #value(): string {
    const { kind, text } = this.#token;
    if (kind !== 'text' && kind !== 'word') throw this.#unexpected();
    this.#next++;
    // A number with a fraction, or a name with dots, is several tokens.
    let value = text;
    while (kind === 'word' && this.#token.text === '.' && this.#tokens[this.#next + 1]?.kind === 'word') {
      value += `.${this.#tokens[this.#next + 1]?.text}`;
      this.#next += 2;
    }
    return value;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #takes(text: string): boolean {
    const { kind, text: found } = this.#token;
    if (kind === 'text' || kind === 'end' || found !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) throw this.#unexpected();
  }

  #unexpected(): Unreadable {
    const { kind, text, at: place } = this.#token;
    return new Unreadable(
      `1:${place + 1}: no match found, ${kind === 'end' ? 'at the end' : `found ${JSON.stringify(text)}`}`,
    );
  }
}

function inverted(filter: Filter, isInverted: boolean): Filter {
  return isInverted ? (document) => !filter(document) : filter;
}

/** What is there: in a list of objects, what each of them has. */
function at(document: unknown, path: Path): unknown {
  let value = document;
  for (const [index, name] of path.entries()) {
    if (Array.isArray(value)) return value.flatMap((one) => at(one, path.slice(index)) ?? []);
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function isEqual(path: Path, value: string): Filter {
  return (document) => {
    const found = at(document, path);
    return Array.isArray(found) ? found.some((one) => isText(one, value)) : isText(found, value);
  };
}

function isText(found: unknown, value: string): boolean {
  if (typeof found === 'string') return found === value;
  if (typeof found === 'number') return value.trim() !== '' && found === Number(value);
  return typeof found === 'boolean' && String(found) === value;
}

/** In a list as one of it, in a map as a key, in a text as a part. */
function isIn(path: Path, value: string): Filter {
  return (document) => {
    const found = at(document, path);
    if (Array.isArray(found)) return found.some((one) => isText(one, value));
    if (isObject(found)) return Object.hasOwn(found, value);
    return typeof found === 'string' && found.includes(value);
  };
}

function isEmpty(found: unknown): boolean {
  if (found === undefined || found === null || found === '') return true;
  if (Array.isArray(found)) return found.length === 0;
  return isObject(found) && Object.keys(found).length === 0;
}

function isMatch(path: Path, text: string): Filter {
  const pattern = parsePattern(text);
  if (typeof pattern === 'object')
    throw new Unreadable(`Failed to compile regular expression for operation: ${pattern.fault}`);
  return (document) => {
    const found = at(document, path);
    return [found].flat().some((one) => typeof one === 'string' && pattern(one));
  };
}
