// Master-file text to records (RFC 1035 §5.1): directives, and what a record may leave out. Pure: included files come
// through a function. Sliced: it stops to let other work in every few records. Every fault is noted and the next entry tried, so that one run shows them all. Directives:
// $ORIGIN, $TTL (RFC 2308 §4), $INCLUDE, and BIND's $GENERATE; any other is refused, as is any class but IN.
// Limits: includeDepthMax files deep, includesMax files, zoneOctetsMax octets of text in all, faults: see fault.ts.

import { type Rdata, RRType, ttlSecondsMax } from '../message/message.ts';
import { fold, type Name } from '../message/name.ts';
import { FaultList, type FaultSource, type SourcePosition } from './fault.ts';
import { FileRecords } from './file-records.ts';
import { parseRange, parseTemplate, type Template } from './generate.ts';
import { type Heading, readHeading, readTtl } from './heading.ts';
import { Lexer, type LexerToken, type ZoneFileEntry } from './lexer.ts';
import { readName } from './name-text.ts';
import { parseRdata } from './rdata.ts';
import { unescaped } from './rdata-fields.ts';
import type { Sliced } from './sliced.ts';
import { type WordProblem, Words } from './words.ts';

/** The text of one file. */
export interface ZoneText {
  /** As people know the file: faults show it. */
  readonly path: string;
  /** What identifies the file, however it was reached: an include may not lead back to it. */
  readonly identity: string;
  readonly text: readonly Buffer[];
}

/** Reads what `$INCLUDE path` in `from` means, or returns why it is refused, without quoting any file. */
export type ReadInclude = (path: string, from: ZoneText) => Sliced<ZoneText | { readonly refused: string }>;

export interface ParsedZone {
  readonly source: FaultSource;
  readonly records: FileRecords;
  readonly faults: FaultList;
}

/** Deeper nesting is a mistake: other servers stop at 7 to 20. */
export const includeDepthMax = 8;
/** Opening a file costs more than reading its octets. */
export const includesMax = 1000;
/** A zone of a million records is about 40 MiB of text. */
export const zoneOctetsMax = 64 * 1024 * 1024;
/** A generated record counts as a short line would, so that $GENERATE is no way around the limit. */
const generatedOctetsEach = 32;
/** Entries, or records of a $GENERATE, before it yields: a tenth of a millisecond. */
const entriesPerSlice = 32;

/** Reads a zone's file; `apex` is its first origin, folded. The records are in the order of the text, unchecked. */
export function* parseZoneFile(file: ZoneText, apex: Name, readInclude: ReadInclude): Sliced<ParsedZone> {
  const parser = new ZoneParser(apex, readInclude);
  const source = { path: file.path, quotable: true };
  yield* parser.read(file, source);
  return { source, records: parser.records, faults: parser.faults };
}

class ZoneParser {
  readonly records: FileRecords;
  readonly faults = new FaultList();
  readonly #readInclude: ReadInclude;
  /** The files being read, outermost first. */
  readonly #open: ZoneText[] = [];
  #source: FaultSource | undefined;
  #origin: Name;
  #owner: Name | undefined;
  /** #owner is a placeholder for one that is at fault: its records are read for their faults and then dropped. */
  #standsIn = false;
  /** Text and origin that #owner was read from: runs of one owner are common. */
  #ownerText: string | undefined;
  #defaultTtl: number | undefined;
  #lastTtl: number | undefined;
  #octets = 0;
  #includes = 0;

  constructor(apex: Name, readInclude: ReadInclude) {
    this.records = new FileRecords(apex);
    this.#origin = apex;
    this.#readInclude = readInclude;
  }

  *read(file: ZoneText, source: FaultSource): Sliced<void> {
    const outer = { source: this.#source, origin: this.#origin, owner: this.#owner, standsIn: this.#standsIn };
    this.#open.push(file);
    this.#source = source;
    this.records.from(source);
    const octets = file.text.reduce((sum, { length }) => sum + length, 0);
    if (this.#takeOctets(octets, { line: 1, column: 1 })) {
      const lexer = new Lexer(file.text);
      let count = 0;
      for (let entry = lexer.step(); entry !== undefined && !this.faults.isFull; entry = lexer.step()) {
        if (entry === 'pause') yield;
        else if ('fault' in entry) this.faults.add(source, entry, entry.fault);
        else {
          const more = this.#entry(entry);
          if (more !== undefined) yield* more;
        }
        if (++count % entriesPerSlice === 0) yield* this.#rest();
      }
    }
    this.#open.pop();
    this.#source = outer.source;
    this.#origin = outer.origin;
    this.#owner = outer.owner;
    this.#standsIn = outer.standsIn;
    this.#ownerText = undefined;
    if (outer.source !== undefined) this.records.from(outer.source);
  }

  /** A place to yield, and where memory is set aside in pieces. */
  *#rest(): Sliced<void> {
    yield;
    const { names } = this.records.table;
    if (names.isCrowded) yield* names.growing();
  }

  /** Reads an entry, or answers with the work that is left: a directive's may be long. */
  #entry({ tokens, indented }: ZoneFileEntry): Sliced<void> | undefined {
    const first = tokens[0] as LexerToken;
    if (!indented && !first.quoted && first.text.startsWith('$')) return this.#directive(first, tokens.slice(1));
    if (!indented) this.#setOwner(first);
    else if (this.#owner === undefined) {
      this.#fault(first, 'there is no owner before this record to take over');
      this.#owner = this.#origin;
      this.#standsIn = true;
    }
    const owner = this.#owner as Name;
    const heading = readHeading(tokens, indented ? 0 : 1);
    if ('what' in heading) return this.#problem(heading);
    const rdata = this.#rdata(heading, new Words(tokens, heading.dataAt, this.#origin));
    if (rdata !== undefined && !this.#standsIn) this.#add(owner, heading, rdata, first);
    return undefined;
  }

  #setOwner(token: LexerToken): void {
    if (token.text === this.#ownerText && !token.quoted) return;
    const name = token.quoted ? { fault: 'a name is not quoted' } : readName(token.text, this.#origin);
    if (typeof name !== 'string') this.#fault(token, `owner is not a legal name: ${name.fault}`, token.text);
    this.#standsIn = typeof name !== 'string';
    this.#owner = typeof name === 'string' ? fold(name) : this.#origin;
    this.#ownerText = typeof name === 'string' ? token.text : undefined;
  }

  /** Data, or undefined after its fault is noted; `at`: where to note it, if not at the word itself. */
  #rdata({ type }: Heading, words: Words, at?: LexerToken): Rdata | undefined {
    const rdata = parseRdata(type, words);
    return 'what' in rdata ? this.#problem(rdata, at) : rdata;
  }

  #add(owner: Name, heading: Heading, rdata: Rdata, at: SourcePosition): void {
    const { type, typeAt } = heading;
    // RFC 2308 §4: $TTL is the default; without one, the TTL of the record before (RFC 1035 §5.1).
    const ttl = heading.ttl ?? this.#defaultTtl ?? this.#lastTtl ?? this.#firstTtl(type, rdata, typeAt);
    if (ttl === undefined) return;
    if (heading.ttl !== undefined) this.#lastTtl = heading.ttl;
    this.records.add(owner, type, ttl, rdata, at);
  }

  /** No TTL and none before: an SOA's is its MINIMUM, which is the default from then on (RFC 1035 §3.3.13). */
  #firstTtl(type: number, rdata: Rdata, at: SourcePosition): number | undefined {
    if (type !== RRType.SOA) {
      // Reported once: one missing $TTL would repeat itself for every record.
      this.#lastTtl = 0;
      return this.#fault(at, 'there is no TTL: not here, not before, and no $TTL');
    }
    const minimum = Buffer.from(rdata[2] as Uint8Array).readUInt32BE(16);
    this.#defaultTtl = Math.min(minimum, ttlSecondsMax);
    return this.#defaultTtl;
  }

  #directive(directive: LexerToken, words: readonly LexerToken[]): Sliced<void> | undefined {
    const text = directive.text.toUpperCase();
    const [least, most] = wordCounts.get(text) ?? [0, Number.POSITIVE_INFINITY];
    const extra = words[most];
    if (extra !== undefined) this.#fault(extra, `nothing more is expected after ${text}`, extra.text);
    else if (words.length < least) this.#fault(words.at(-1) ?? directive, `${text} needs more words`);
    else if (text === '$TTL') this.#setTtl(words[0] as LexerToken);
    else if (text === '$ORIGIN') this.#setOrigin(words[0] as LexerToken);
    else if (text === '$INCLUDE') return this.#include(words[0] as LexerToken, words[1]);
    else if (text === '$GENERATE') return this.#generate(directive, words);
    else this.#fault(directive, 'unknown directive', directive.text);
    return undefined;
  }

  #setTtl(token: LexerToken): void {
    const ttl = readTtl(token);
    if (typeof ttl === 'number') this.#defaultTtl = ttl;
    else this.#problem(ttl);
  }

  #setOrigin(token: LexerToken): boolean {
    const name = token.quoted ? { fault: 'a name is not quoted' } : readName(token.text, this.#origin);
    if (typeof name !== 'string') {
      this.#fault(token, `origin is not a legal name: ${name.fault}`, token.text);
      return false;
    }
    this.#origin = name;
    this.#ownerText = undefined;
    return true;
  }

  *#include(token: LexerToken, origin: LexerToken | undefined): Sliced<void> {
    const path = unescaped(token.text) ?? '';
    if (path === '' || path.includes('\0')) return this.#fault(token, 'file name is not legal', token.text);
    if (this.#open.length >= includeDepthMax) return this.#fault(token, `$INCLUDE is over ${includeDepthMax} deep`);
    if (++this.#includes > includesMax) return this.#fault(token, `zone has over ${includesMax} $INCLUDEs`);
    const file = yield* this.#readInclude(path, this.#open.at(-1) as ZoneText);
    if ('refused' in file) return this.#fault(token, `$INCLUDE is refused: ${file.refused}`, token.text);
    if (this.#open.some((open) => open.identity === file.identity)) {
      return this.#fault(token, '$INCLUDE leads back to a file that is being read', token.text);
    }
    const before = this.#origin;
    if (origin === undefined || this.#setOrigin(origin)) yield* this.read(file, { path: file.path, quotable: false });
    this.#origin = before;
  }

  *#generate(directive: LexerToken, words: readonly LexerToken[]): Sliced<void> {
    const [rangeWord, left] = words as [LexerToken, LexerToken];
    const range = parseRange(rangeWord.text);
    if (typeof range === 'string') return this.#fault(rangeWord, range, rangeWord.text);
    const heading = readHeading(words, 2);
    if ('what' in heading) return this.#problem(heading);
    const right = words[heading.dataAt];
    if (right === undefined) return this.#fault(words.at(-1) as LexerToken, 'data is missing after this');
    const extra = words[heading.dataAt + 1];
    if (extra !== undefined) return this.#fault(extra, 'data of several words has to be quoted', extra.text);
    const owners = parseTemplate(left.text);
    // BIND's reader takes the backslash off `\"` inside quotes: "\"a $\"" is one string.
    const datas = parseTemplate(right.quoted ? right.text.replaceAll('\\"', '"') : right.text);
    if (left.quoted || owners === undefined) return this.#fault(left, malformedModifier, left.text);
    if (datas === undefined) return this.#fault(right, malformedModifier, right.text);
    let count = 0;
    for (let value = range.start; value <= range.stop; value += range.step) {
      if (!this.#generateOne(value, directive, owners, datas, heading)) return;
      if (++count % entriesPerSlice === 0) yield* this.#rest();
    }
  }

  /** False: a fault was noted; the others of the range would only repeat it. */
  #generateOne(value: number, at: LexerToken, owners: Template, datas: Template, heading: Heading): boolean {
    const [ownerText, data] = [owners(value), datas(value)];
    if (ownerText === undefined || data === undefined) {
      this.#fault(at, `$GENERATE at ${value}: the number cannot be written like that`);
      return false;
    }
    if (!this.#takeOctets(ownerText.length + data.length + generatedOctetsEach, at)) return false;
    const owner = readName(ownerText, this.#origin);
    if (typeof owner !== 'string') {
      this.#fault(at, `$GENERATE at ${value}: owner is not a legal name: ${owner.fault}`, ownerText);
      return false;
    }
    // A word in front, since an entry has at least one; it is stepped over.
    const entry = new Lexer(`. ${data}`).next() as NonNullable<ReturnType<Lexer['next']>>;
    if ('fault' in entry) {
      this.#fault(at, `$GENERATE at ${value}: ${entry.fault}`, data);
      return false;
    }
    const rdata = this.#rdata(heading, new Words(entry.tokens, 1, this.#origin), at);
    if (rdata !== undefined) this.#add(fold(owner), heading, rdata, at);
    return rdata !== undefined;
  }

  /** Counts text against the limit of the zone. */
  #takeOctets(octets: number, at: SourcePosition): boolean {
    this.#octets += octets;
    if (this.#octets <= zoneOctetsMax) return true;
    this.#fault(at, `zone is over ${zoneOctetsMax} octets with all that it includes and generates`);
    return false;
  }

  /** Notes what is wrong with a word, elsewhere if `at` is given. */
  #problem(problem: WordProblem, at: SourcePosition = problem.at): undefined {
    return this.#fault(at, problem.what, problem.showWord ? problem.at.text : undefined);
  }

  #fault(at: SourcePosition, what: string, value?: string): undefined {
    this.faults.add(this.#source as FaultSource, at, what, value);
    return undefined;
  }
}

const malformedModifier = '$ is followed by a malformed {offset,width,base}';

/** How many words a directive takes, least and most. */
const wordCounts: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['$TTL', [1, 1]],
  ['$ORIGIN', [1, 1]],
  ['$INCLUDE', [1, 2]],
  ['$GENERATE', [4, 7]],
]);
