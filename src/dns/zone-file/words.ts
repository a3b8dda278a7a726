// The words of one record's data, as field codecs take them: one after the other, with the origin that completes
// relative names. What is missing is reported at the last word there was.

import type { Name } from '../message/name.ts';
import type { LexerToken } from './lexer.ts';

/** What is wrong with a word, in words that do not quote it: whether it may be shown is the parser's decision. */
export interface WordProblem {
  readonly what: string;
  readonly at: LexerToken;
  /** The word itself is what is wrong, not that one is missing. */
  readonly showWord: boolean;
}

/** `token` is not what was expected. */
export function problem(what: string, token: LexerToken): WordProblem {
  return { what, at: token, showWord: true };
}

export class Words {
  readonly origin: Name;
  readonly #tokens: readonly LexerToken[];
  #at: number;

  /** Precondition: `tokens` is not empty. */
  constructor(tokens: readonly LexerToken[], at: number, origin: Name) {
    this.#tokens = tokens;
    this.#at = at;
    this.origin = origin;
  }

  peek(): LexerToken | undefined {
    return this.#tokens[this.#at];
  }

  next(): LexerToken | undefined {
    const token = this.#tokens[this.#at];
    if (token !== undefined) this.#at++;
    return token;
  }

  /** The next word if it is bare: numbers, names and addresses are never quoted. */
  nextBare(): LexerToken | undefined {
    return this.peek()?.quoted === false ? this.next() : undefined;
  }

  /** That `what` was expected here: at the word that is here, or at the last one. */
  expected(what: string): WordProblem {
    const here = this.peek();
    if (here !== undefined) return problem(`${what} is expected here, without quotes`, here);
    return { what: `${what} is missing`, at: this.#tokens.at(-1) as LexerToken, showWord: false };
  }
}
