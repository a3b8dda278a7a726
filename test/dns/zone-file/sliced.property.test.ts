// Loading in slices: that work stops often enough to let other work in, counted and not timed, for any file
// like; and that the text's coming in pieces changes nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkZone } from '../../../src/dns/zone-file/check.ts';
import { FileContent } from '../../../src/dns/zone-file/file-content.ts';
import { Lexer } from '../../../src/dns/zone-file/lexer.ts';
import { parseZoneFile } from '../../../src/dns/zone-file/parse.ts';
import { inSlices } from '../../../src/dns/zone-file/sliced.ts';
import { acceptedSyntax } from './corpus/accepted-syntax.ts';
import { refusedSyntax } from './corpus/refused-syntax.ts';
import { head } from './corpus/zone-text.ts';
import { apex } from './zone-of.ts';

const count = 20_000;

function* loading(text: string) {
  const octets = [...FileContent.of(Buffer.from(text, 'latin1')).pieces];
  const parsed = yield* parseZoneFile({ path: 'z', identity: 'z', text: octets }, apex, function* () {
    yield;
    return { refused: 'not here' };
  });
  return yield* checkZone(apex, parsed);
}

function slicesOf(text: string): number {
  let slices = 0;
  for (const _ of loading(text)) slices++;
  return slices;
}

const lines = (line: (i: number) => string) => head + Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');

describe('loading stops for others', () => {
  it.each<[string, string, number]>([
    ['many names', lines((i) => `h${i} A 10.0.0.1`), count / 32],
    ['many records of one name', lines((i) => `h TXT ${i}`), count / 32],
    ['many records of one name, all the same', lines(() => 'h A 10.0.0.1'), count / 32],
    ['$GENERATE', `${head}$GENERATE 1-${count} h$ A 10.0.0.1\n`, count / 32],
    ['comments', lines(() => '; nothing'), count / 1024],
    ['blank lines', lines(() => ''), count / 1024],
    ['a parenthesis never closed', lines((i) => (i === 0 ? 'h ( TXT' : `h${i} A 10.0.0.1`)), (3 * count) / 1024],
    ['names below a DNAME', lines((i) => (i === 0 ? 'd DNAME x' : `h${i} A 10.0.0.1`)), count / 32 + count / 256],
  ])('at %s', (_, text, least) => {
    expect(slicesOf(text)).toBeGreaterThan(least);
  });

  it('so that timers run in between', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const checked = await inSlices(loading(lines((i) => `h${i} A 10.0.0.1`)), new AbortController().signal);
    clearInterval(timer);
    expect(checked?.zone?.records.recordCount).toBe(count + 3);
    expect(ticks).toBeGreaterThan(2);
  });

  it('and is given up at a signal', async () => {
    const stop = new AbortController();
    const loaded = inSlices(loading(lines((i) => `h${i} A 10.0.0.1`)), stop.signal);
    stop.abort();
    expect(await loaded).toBeUndefined();
  });
});

describe('text in pieces', () => {
  const texts = [...Object.values(acceptedSyntax), ...Object.values(refusedSyntax)].filter(
    (text) => text.length < 10_000,
  );

  /** All entries and faults of a text. */
  function read(lexer: Lexer): unknown[] {
    const found: unknown[] = [];
    for (let entry = lexer.next(); entry !== undefined; entry = lexer.next()) found.push(entry);
    return found;
  }

  it('reads as it does in one', () => {
    // Long enough for the window to move, and cut anywhere.
    const filler = `f TXT ${'"filler" '.repeat(100)} ; ${'comment '.repeat(100)}\n`.repeat(200);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...texts), fc.constant(filler)), { minLength: 1, maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 20 }),
        (parts, cuts) => {
          const text = parts.join('\n');
          const octets = Buffer.from(text, 'latin1');
          const at = [0, ...cuts.filter((cut) => cut < octets.length).sort((a, b) => a - b), octets.length];
          const pieces = at.slice(1).map((end, index) => octets.subarray(at[index], end));
          expect(read(new Lexer(pieces))).toEqual(read(new Lexer(text)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has words and entries of a limited length', () => {
    const faults = (text: string) => read(new Lexer([Buffer.from(text, 'latin1')]));
    expect(faults(`a ${'x'.repeat(300_000)}\nb`)).toEqual([
      { fault: 'word is over 262140 octets', line: 1, column: 3 },
      expect.objectContaining({ indented: false }),
    ]);
    expect(faults(`a (\n${' x\n'.repeat(70_000)}b`)).toEqual([
      { fault: 'over 65543 words in one entry: is a parenthesis never closed?', line: 1, column: 3 },
      expect.objectContaining({ indented: false }),
    ]);
  });
});
