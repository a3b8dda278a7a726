// Our parser against three others: named-checkzone (BIND 9.18), nsd-checkzone (NSD 4.6) and kzonecheck (Knot 3.2).
// What all three accept we accept, what all three refuse we refuse; and what BIND makes of a zone, octet for octet, is
// what we make of it. Where they differ among themselves, the corpus has what we do.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadZoneFile } from '../../../src/dns/zone-file/load.ts';
import { inOneGo } from '../../../src/dns/zone-file/sliced.ts';
import { pathOf, requireInCi } from '../../kit/process/installed.ts';
import { acceptedSyntax } from './corpus/accepted-syntax.ts';
import { acceptedTypes } from './corpus/accepted-types.ts';
import { refusedSyntax } from './corpus/refused-syntax.ts';
import { refusedTypes } from './corpus/refused-types.ts';
import { included, origin } from './corpus/zone-text.ts';
import { rawRecords } from './raw-zone.ts';
import { recordsOf } from './zone-of.ts';

/** Where we stand alone against all three, and why. */
const exceptions = new Map([
  ['ttl 2^31', 'a TTL has 31 bits (RFC 2181 §8): BIND and NSD serve it as 0, which is not what was written'],
  ['ttl 2^32-1', 'the same'],
  ['$TTL 2^31', 'the same'],
  ['RRset oversize', 'no message can hold it: every answer would be cut'],
]);

/** Where BIND has a choice that is ours too, and takes the other way. */
const choices = new Map([
  ['TTL mismatch', 'BIND takes the first TTL of an RRset for all, we the lowest'],
  ['$INCLUDE keeps the owner', 'the same'],
  ['dup RR name case', 'records that differ in case: BIND keeps the last, we the first'],
  ['dup CNAME case', 'the same'],
]);

const corpus = Object.entries({ ...acceptedSyntax, ...acceptedTypes, ...refusedSyntax, ...refusedTypes });
const packages = 'bind9-utils nsd knot-dnssecutils';
/** Knot's check does not end on a file that includes itself. */
const patienceMs = 15_000;
const atOnce = 4;

const folder = mkdtempSync(join(tmpdir(), 'rollcall-oracles-'));
afterAll(() => rmSync(folder, { recursive: true }));
for (const [name, text] of Object.entries(included)) writeFileSync(join(folder, name), text, 'latin1');

/** The quickest first. */
const checkers: readonly ((file: string) => string[])[] = [
  (file) => ['nsd-checkzone', origin, file],
  (file) => ['named-checkzone', '-i', 'local', origin, file],
  (file) => ['kzonecheck', '-d', 'off', '-o', origin, file],
];

/** All cases lie in one folder, where the files that they include are. */
function fileOf(index: number, text: string): string {
  const file = join(folder, `${index}.${origin}zone`);
  writeFileSync(file, text, 'latin1');
  return file;
}

function run([binary, ...args]: readonly string[]): Promise<boolean> {
  const options = { cwd: folder, timeout: patienceMs, killSignal: 'SIGKILL' as const };
  return new Promise((resolve) => {
    execFile(pathOf(binary as string) as string, args, options, (error) => resolve(error === null));
  });
}

/** Runs `work` for every item, a few at a time. */
async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = [...items.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe('zone files as the trusted servers read them', () => {
  const missing = requireInCi(['named-checkzone', 'nsd-checkzone', 'kzonecheck'], packages);
  const lacking = missing.length > 0 ? ` (not installed: ${missing.join(', ')})` : '';

  it.skipIf(missing.length > 0)(`what all three accept or refuse${lacking}`, { timeout: 120_000 }, async () => {
    const alone: string[] = [];
    await each(corpus, async ([name, text], index) => {
      const ours = name in acceptedSyntax || name in acceptedTypes;
      const file = fileOf(index, text);
      // One that agrees is enough: it cannot be all three against us.
      for (const command of checkers) if ((await run(command(file))) === ours) return;
      alone.push(name);
    });
    expect(alone.sort()).toEqual([...exceptions.keys()].sort());
    expect(corpus.length).toBeGreaterThan(700);
  });

  const unable = requireInCi(['named-compilezone'], packages);
  const without = unable.length > 0 ? ` (not installed: ${unable.join(', ')})` : '';

  it.skipIf(unable.length > 0)(`the octets that BIND makes of them${without}`, { timeout: 120_000 }, async () => {
    const different: unknown[] = [];
    let compared = 0;
    await each(Object.entries({ ...acceptedSyntax, ...acceptedTypes }), async ([name, text], index) => {
      const file = fileOf(index, text);
      const raw = `${file}.raw`;
      const named = ['named-compilezone', '-i', 'local', '-k', 'ignore', '-n', 'warn', '-F', 'raw', '-o', raw];
      if (!(await run([...named, origin, file])) || choices.has(name)) return;
      compared++;
      const [our, theirs] = [ours(text), rawRecords(readFileSync(raw))];
      if (our.join() !== theirs.join()) different.push({ name, ours: our, theirs });
    });
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(300);
  });
});

/** Our records of a zone's text, read from a file that is named after the zone. */
function ours(text: string): string[] {
  const file = join(folder, `${origin}zone`);
  writeFileSync(file, text, 'latin1');
  const { zone, faults } = inOneGo(loadZoneFile(file, folder));
  expect(faults).toEqual([]);
  return zone === undefined ? [] : recordsOf(zone);
}
