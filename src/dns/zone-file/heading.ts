// What is between a record's owner and its data: [TTL] [class] type, the first two in either order or left out
// (RFC 1035 §5.1). The only class is IN, also written CLASS1 (RFC 3597 §5). No TTL starts like a type: it begins with a
// digit. Limits: a TTL has 31 bits (RFC 2181 §8); types of questions are refused.

import { ttlSecondsMax } from '../message/message.ts';
import { isMetaType, typeName, typeNumber } from '../message/type-names.ts';
import type { LexerToken } from './lexer.ts';
import { parseSeconds } from './ttl-text.ts';
import { problem, type WordProblem } from './words.ts';

export interface Heading {
  /** Seconds, where it is given. */
  readonly ttl: number | undefined;
  readonly type: number;
  readonly typeAt: LexerToken;
  /** Index of the first word of the data. */
  readonly dataAt: number;
}

const classes = /^(IN|CH|HS|CS|CLASS[0-9]{1,5})$/i;
const internet = /^(IN|CLASS0*1)$/i;

/** Reads from `tokens[start]` on. */
export function readHeading(tokens: readonly LexerToken[], start: number): Heading | WordProblem {
  let ttl: number | undefined;
  let hasClass = false;
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at] as LexerToken;
    const type = token.text === 'IN' || token.quoted ? undefined : typeNumber(token.text);
    if (type !== undefined) {
      if (!isMetaType(type)) return { ttl, type, typeAt: token, dataAt: at + 1 };
      return { what: `type ${typeName(type)} cannot be in a zone`, at: token, showWord: false };
    }
    const digit = token.text.charCodeAt(0) - 0x30;
    if (ttl === undefined && digit >= 0 && digit <= 9) {
      const read = readTtl(token);
      if (typeof read !== 'number') return read;
      ttl = read;
    } else if (!hasClass && !token.quoted && classes.test(token.text)) {
      if (!internet.test(token.text)) return problem('class must be IN', token);
      hasClass = true;
    } else {
      return problem('unknown record type', token);
    }
  }
  return { what: 'record type is missing after this', at: tokens.at(-1) as LexerToken, showWord: false };
}

/** Seconds of one word. */
export function readTtl(token: LexerToken): number | WordProblem {
  const seconds = token.quoted ? undefined : parseSeconds(token.text);
  if (seconds !== undefined && seconds <= ttlSecondsMax) return seconds;
  return problem(`TTL must be 0 to ${ttlSecondsMax} seconds, units as in 1h30m allowed`, token);
}
