// Regular expressions in time that is linear in the text, as Go's are: a pattern of a caller must not be able to hold up the
// server, and JavaScript's own can take exponential time. All states that a text can be in are followed at once.
// Read are literals, `.`, classes and their escapes (\d \w \s and their opposites), groups, `|`, `* + ? {m,n}`, `^` and `$`.
// Limits: `charactersMax` of a pattern, `statesMax` of what it becomes, `textMax` of a text.

const charactersMax = 512;
const statesMax = 2000;
const textMax = 8192;
const repeatMax = 100;

export type Pattern = (text: string) => boolean;

type Test = (character: string) => boolean;

type State =
  | { readonly kind: 'test'; readonly test: Test; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'done' };

type Tree =
  | { readonly kind: 'test'; readonly test: Test }
  | { readonly kind: 'start' | 'end' | 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Tree[] }
  | { readonly kind: 'repeat'; readonly part: Tree; readonly min: number; readonly max: number };

class Unreadable extends Error {}

/** The pattern, or what is wrong with it. */
export function parsePattern(text: string): Pattern | { readonly fault: string } {
  if (text.length > charactersMax) return { fault: `the pattern is longer than ${charactersMax} characters` };
  try {
    const states: State[] = [{ kind: 'done' }];
    const start = compiled(new PatternReader(text).whole(), 0, states);
    return (subject) => isFound(states, start, subject.slice(0, textMax));
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.message };
    throw error;
  }
}

function added(states: State[], state: State): number {
  if (states.length >= statesMax) throw new Unreadable('the pattern repeats too much');
  return states.push(state) - 1;
}

/** The state in which `tree` begins that leads to `next`. */
function compiled(tree: Tree, next: number, states: State[]): number {
  switch (tree.kind) {
    case 'test':
      return added(states, { kind: 'test', test: tree.test, next });
    case 'start':
    case 'end':
      return added(states, { kind: tree.kind, next });
    case 'empty':
      return next;
    case 'sequence':
      return tree.parts.reduceRight((after, part) => compiled(part, after, states), next);
    case 'choice':
      return tree.parts
        .map((part) => compiled(part, next, states))
        .reduceRight((other, one) => added(states, { kind: 'split', next: one, other }));
    case 'repeat':
      return compiledRepeat(tree, next, states);
  }
}

function compiledRepeat({ part, min, max }: Tree & { kind: 'repeat' }, next: number, states: State[]): number {
  let at = next;
  if (max === Number.POSITIVE_INFINITY) {
    const loop: State & { kind: 'split' } = { kind: 'split', next, other: next };
    at = added(states, loop);
    loop.next = compiled(part, at, states);
  } else
    for (let count = min; count < max; count++)
      at = added(states, { kind: 'split', next: compiled(part, at, states), other: next });
  for (let count = 0; count < min; count++) at = compiled(part, at, states);
  return at;
}

function isFound(states: readonly State[], start: number, text: string): boolean {
  const characters = [...text];
  let current = new Set<number>();
  for (let at = 0; at <= characters.length; at++) {
    // Found anywhere: it may begin at each character.
    reach(states, start, at === 0, at === characters.length, current);
    if (current.has(0)) return true;
    const character = characters[at];
    if (character === undefined) return false;
    const following = new Set<number>();
    const isLast = at + 1 === characters.length;
    for (const number of current) {
      const state = states[number] as State;
      if (state.kind === 'test' && state.test(character)) reach(states, state.next, false, isLast, following);
    }
    current = following;
  }
  return false;
}

/** Adds all states reachable from one without a character. */
function reach(states: readonly State[], from: number, isStart: boolean, isEnd: boolean, into: Set<number>): void {
  const open = [from];
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (into.has(number)) continue;
    into.add(number);
    const state = states[number] as State;
    if (state.kind === 'split') open.push(state.next, state.other);
    else if ((state.kind === 'start' && isStart) || (state.kind === 'end' && isEnd)) open.push(state.next);
  }
}

const isDigit: Test = (character) => character >= '0' && character <= '9';
const isWord: Test = (character) => /^[A-Za-z0-9_]$/.test(character);
const isSpace: Test = (character) => /^[\t\n\f\r ]$/.test(character);
const not =
  (test: Test): Test =>
  (character) =>
    !test(character);
const escapes: Readonly<Record<string, Test>> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};
const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

class PatternReader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  whole(): Tree {
    const tree = this.#choice();
    if (this.#at < this.#characters.length) throw new Unreadable('unexpected )');
    return tree;
  }

  #choice(): Tree {
    if (++this.#depth > 50) throw new Unreadable('the pattern is nested too deep');
    const parts = [this.#sequence()];
    while (this.#takes('|')) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Tree) : { kind: 'choice', parts };
  }

  #sequence(): Tree {
    const parts: Tree[] = [];
    while (this.#at < this.#characters.length && this.#peek !== '|' && this.#peek !== ')') parts.push(this.#repeated());
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
  }

  #repeated(): Tree {
    let tree = this.#one();
    for (;;) {
      const span = this.#span();
      if (span === undefined) return tree;
      // Lazy is the same where only it is asked whether there is a match.
      this.#takes('?');
      tree = { kind: 'repeat', part: tree, ...span };
    }
  }

  #span(): { readonly min: number; readonly max: number } | undefined {
    if (this.#takes('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#takes('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#takes('?')) return { min: 0, max: 1 };
    const counts = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(this.#characters.slice(this.#at, this.#at + 9).join(''));
    if (counts === null) return undefined;
    this.#at += counts[0].length;
    const min = Number(counts[1]);
    const max = counts[2] === undefined ? min : counts[3] === '' ? Number.POSITIVE_INFINITY : Number(counts[3]);
    if (min > repeatMax || (max > repeatMax && max !== Number.POSITIVE_INFINITY) || max < min)
      throw new Unreadable(`invalid repeat count: ${counts[0]}`);
    return { min, max };
  }

  #one(): Tree {
    const character = this.#take();
    if (character === '(') {
      if (this.#takes('?') && !this.#takes(':')) throw new Unreadable('flags and named groups are not read');
      const inner = this.#choice();
      if (!this.#takes(')')) throw new Unreadable('missing closing )');
      return inner;
    }
    if (character === '[') return { kind: 'test', test: this.#class() };
    if (character === '^') return { kind: 'start' };
    if (character === '$') return { kind: 'end' };
    if (character === '.') return { kind: 'test', test: (one) => one !== '\n' };
    if (character === '\\') return { kind: 'test', test: this.#escape() };
    if ('*+?'.includes(character)) throw new Unreadable(`missing argument to repetition operator: ${character}`);
    return { kind: 'test', test: (one) => one === character };
  }

  #escape(): Test {
    const literal = this.#literal();
    return typeof literal === 'string' ? (one) => one === literal : literal;
  }

  /** Behind a backslash. */
  #literal(): string | Test {
    const character = this.#take();
    const known = escapes[character] ?? controls[character];
    if (known !== undefined) return known;
    if (/[A-Za-z0-9]/.test(character)) throw new Unreadable(`invalid escape sequence: \\${character}`);
    return character;
  }

  #class(): Test {
    const isInverted = this.#takes('^');
    const tests: Test[] = [];
    for (let isFirst = true; isFirst || this.#peek !== ']'; isFirst = false) {
      if (this.#at >= this.#characters.length) throw new Unreadable('missing closing ]');
      const from = this.#takes('\\') ? this.#literal() : this.#take();
      if (typeof from !== 'string') {
        tests.push(from);
        continue;
      }
      const isRange = this.#peek === '-' && this.#characters[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const to = isRange ? (this.#takes('\\') ? this.#literal() : this.#take()) : from;
      if (typeof to !== 'string' || to < from) throw new Unreadable('invalid character class range');
      tests.push((one) => one >= from && one <= to);
    }
    this.#at++;
    const isOneOf: Test = (one) => tests.some((test) => test(one));
    return isInverted ? not(isOneOf) : isOneOf;
  }

  get #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(): string {
    const character = this.#characters[this.#at++];
    if (character === undefined) throw new Unreadable('it ends too early');
    return character;
  }

  #takes(character: string): boolean {
    if (this.#peek !== character) return false;
    this.#at++;
    return true;
  }
}
