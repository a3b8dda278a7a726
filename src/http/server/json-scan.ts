// Reads JSON text once, front to back, for what JSON.parse lets pass or reports in words of its own: the place of a
// syntax error, nesting deeper than a limit, a key given twice in one object, a `__proto__` key and a lone surrogate.
// RFC 8259 grammar. It builds nothing: text that passes goes to JSON.parse.
// Limits: recursion is bounded by `depthMax`; time and memory are linear in the text, which the body limit bounds.

import { printable } from '../../model/problem.ts';

/** Where the text stops being acceptable JSON, and why. */
export interface JsonFault {
  readonly reason: string;
  /** UTF-16 units from the start. */
  readonly offset: number;
}

interface Scan {
  readonly text: string;
  readonly depthMax: number;
  at: number;
}

/** The first fault of `text`, or undefined where JSON.parse will take it and nothing above is wrong with it. */
export function findJsonFault(text: string, depthMax: number): JsonFault | undefined {
  if (text.startsWith('\uFEFF')) return { reason: 'a byte order mark must not come before JSON', offset: 0 };
  const scan: Scan = { text, depthMax, at: 0 };
  skipSpace(scan);
  const fault = scanValue(scan, 0);
  if (fault !== undefined) return fault;
  skipSpace(scan);
  return scan.at < text.length ? unexpected(scan, 'the end') : undefined;
}

/** `line 3, column 14`, both from 1. */
export function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`;
}

function scanValue(scan: Scan, depth: number): JsonFault | undefined {
  switch (scan.text[scan.at]) {
    case '{':
      return scanObject(scan, depth + 1);
    case '[':
      return scanArray(scan, depth + 1);
    case '"':
      return scanString(scan);
    default:
      return scanScalar(scan);
  }
}

function scanObject(scan: Scan, depth: number): JsonFault | undefined {
  if (depth > scan.depthMax) return tooDeep(scan);
  const keys = new Set<string>();
  scan.at++;
  skipSpace(scan);
  if (take(scan, '}')) return undefined;
  for (;;) {
    const offset = scan.at;
    if (scan.text[offset] !== '"') return unexpected(scan, 'a key in double quotes');
    const stringFault = scanString(scan);
    if (stringFault !== undefined) return stringFault;
    const key = JSON.parse(scan.text.slice(offset, scan.at)) as string;
    if (key === '__proto__') return { reason: 'the key "__proto__" is not allowed', offset };
    if (keys.has(key)) return { reason: `the key "${printable(key)}" is given twice in one object`, offset };
    keys.add(key);
    skipSpace(scan);
    if (!take(scan, ':')) return unexpected(scan, 'a colon');
    skipSpace(scan);
    const fault = scanValue(scan, depth);
    if (fault !== undefined) return fault;
    skipSpace(scan);
    if (take(scan, '}')) return undefined;
    if (!take(scan, ',')) return unexpected(scan, 'a comma or }');
    skipSpace(scan);
  }
}

function scanArray(scan: Scan, depth: number): JsonFault | undefined {
  if (depth > scan.depthMax) return tooDeep(scan);
  scan.at++;
  skipSpace(scan);
  if (take(scan, ']')) return undefined;
  for (;;) {
    const fault = scanValue(scan, depth);
    if (fault !== undefined) return fault;
    skipSpace(scan);
    if (take(scan, ']')) return undefined;
    if (!take(scan, ',')) return unexpected(scan, 'a comma or ]');
    skipSpace(scan);
  }
}

const escapes = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** Leaves `at` after the closing quote. */
function scanString(scan: Scan): JsonFault | undefined {
  const { text } = scan;
  const start = scan.at++;
  let hasEscape = false;
  for (;;) {
    scan.at = endOfPlainText(text, scan.at);
    const character = text[scan.at];
    if (character === '"') break;
    if (character === undefined) return { reason: 'the text in quotes that begins here does not end', offset: start };
    if (character !== '\\')
      return { reason: `the control character ${printable(character)} must be escaped`, offset: scan.at };
    const length = matchAt(escapes, text, scan.at);
    if (length === 0) return { reason: 'the backslash begins no known escape', offset: scan.at };
    hasEscape = true;
    scan.at += length;
  }
  scan.at++;
  // Only an escape can make half a character: the octets were checked to be UTF-8.
  if (!hasEscape || (JSON.parse(text.slice(start, scan.at)) as string).isWellFormed()) return undefined;
  return { reason: 'the text holds half a surrogate pair, which is no character', offset: start };
}

/** Behind the literal characters: up to a quote, a backslash, a control character or the end. */
function endOfPlainText(text: string, start: number): number {
  let at = start;
  for (let unit = text.charCodeAt(at); unit >= 0x20 && unit !== 0x22 && unit !== 0x5c; unit = text.charCodeAt(at)) at++;
  return at;
}

const scalar = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])/y;

function scanScalar(scan: Scan): JsonFault | undefined {
  const length = matchAt(scalar, scan.text, scan.at);
  if (length === 0) return unexpected(scan, 'a value');
  const first = scan.text.charCodeAt(scan.at);
  const isNumber = first < 0x61;
  if (isNumber && !Number.isFinite(Number(scan.text.slice(scan.at, scan.at + length)))) {
    return { reason: 'the number is larger than any that can be kept', offset: scan.at };
  }
  scan.at += length;
  return undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex - at : 0;
}

function skipSpace(scan: Scan): void {
  for (; ; scan.at++) {
    const unit = scan.text.charCodeAt(scan.at);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
  }
}

function take(scan: Scan, character: string): boolean {
  if (scan.text[scan.at] !== character) return false;
  scan.at++;
  return true;
}

function tooDeep(scan: Scan): JsonFault {
  return { reason: `arrays and objects are nested deeper than ${scan.depthMax}`, offset: scan.at };
}

function unexpected(scan: Scan, expected: string): JsonFault {
  const found = scan.at >= scan.text.length ? 'the text ends' : `"${printable(scan.text[scan.at])}" comes`;
  return { reason: `${found} where ${expected} is expected`, offset: scan.at };
}
