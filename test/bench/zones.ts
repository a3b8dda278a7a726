// `node test/bench/zones.ts`: what zones cost. Twelve thousand small ones and one of a million records, at start and
// while the server runs: seconds, resident memory, and the longest time in which nothing else could be done. Each
// measurement is a process of its own. Speed is measured here and asserted nowhere.

import { writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadZones } from '../../src/dns/zone-file/load.ts';
import { ZoneWatch } from '../../src/dns/zone-file/watch/zone-watch.ts';
import { output } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const zoneCount = 12_000;
const recordsEach = 20;
const recordCount = 1_000_000;
const measurementMaxMs = 600_000;
const head = '$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n';

const measurements: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  [`${zoneCount} zones of ${recordsEach} records`]: manyZones,
  [`a zone of ${recordCount} records`]: largeZone,
};

const [, , chosen, folderOfChild = ''] = process.argv;
if (chosen === undefined) {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
  );
  for (const title of Object.keys(measurements)) {
    const folder = scratch();
    console.log(await output(process.execPath, [import.meta.filename, title, folder], { withinMs: measurementMaxMs }));
    removeScratch(folder);
  }
} else {
  console.log(`\n${chosen}`);
  await measurements[chosen]?.(folderOfChild);
}

async function manyZones(folder: string): Promise<void> {
  const text = (zone: number, version: number) =>
    head + records(recordsEach, (i) => `h${i} A 10.${version}.${zone >> 8}.${zone & 255}`);
  for (let zone = 0; zone < zoneCount; zone++) writeFileSync(join(folder, `z${zone}.zone`), text(zone, 0));
  const loads = atStart(folder);
  let seen = 0;
  const watch = new ZoneWatch(folder, loads, () => seen++);
  await during('looking at all files', () => sleep(5000));
  await during('one of them replaced, until it is served', async () => {
    await replace(folder, 'z77.zone', text(77, 1));
    while (seen < 1) await sleep(1);
  });
  await during('all of them replaced, until all are served', async () => {
    for (let zone = 0; zone < zoneCount; zone++) await replace(folder, `z${zone}.zone`, text(zone, 2));
    while (seen < zoneCount + 1) await sleep(10);
  });
  await watch.close();
}

async function largeZone(folder: string): Promise<void> {
  const line = (version: number, owner?: string) => (i: number) => {
    const name = owner ?? `host${i}`;
    if (i % 10 === 9) return `${name} MX 10 mail${i}.example.net.`;
    if (i % 10 === 8) return `${name} TXT "rack ${i}"`;
    return `${name} A 10.${version}.${(i >> 8) & 255}.${i & 255}`;
  };
  const texts: readonly (readonly [string, Iterable<string>])[] = [
    ['replaced', chunks(recordCount, line(1))],
    ['replaced again', chunks(recordCount, line(2))],
    ['cut in the middle', chunks(recordCount / 2, line(3), 'host A 10.')],
    ['with a parenthesis that is never closed', chunks(recordCount, (i) => (i === 0 ? '@ (' : line(4)(i)))],
    ['with all its records at one name', chunks(recordCount, line(5, 'host'))],
    ['of comments', chunks(recordCount, () => '; nothing here')],
    ['of one line', chunks(1, () => `x TXT ${'y'.repeat(60_000_000)}`)],
  ];
  await writeFile(join(folder, 'large.zone'), chunks(recordCount, line(0)));
  const loads = atStart(folder);
  const news: string[] = [];
  const watch = new ZoneWatch(folder, loads, ({ kind }) => news.push(kind));
  for (const [title, text] of texts) {
    await writeFile(join(folder, 'draft'), text);
    const before = news.length;
    await during(`${title}, until that is known`, async () => {
      await rename(join(folder, 'draft'), join(folder, 'large.zone'));
      while (news.length === before) await sleep(1);
    });
    console.log(`    ${news.at(-1)}`);
  }
  await watch.close();
}

function atStart(folder: string) {
  const startMs = performance.now();
  const { zones, faults, loads } = loadZones(folder);
  report(`at start (${zones.size} zones, ${faults.length} faults)`, performance.now() - startMs);
  return loads;
}

/** The longest turn of the event loop, by the clock and by what this thread itself worked in it: others work too. */
async function during(title: string, work: () => Promise<unknown>): Promise<void> {
  let longest = { ms: 0, cpuMs: 0 };
  let longestCpuMs = 0;
  let before = { ms: performance.now(), cpuMs: threadCpuMs() };
  const timer = setInterval(() => {
    const now = { ms: performance.now(), cpuMs: threadCpuMs() };
    const turn = { ms: now.ms - before.ms, cpuMs: now.cpuMs - before.cpuMs };
    if (turn.ms > longest.ms) longest = turn;
    longestCpuMs = Math.max(longestCpuMs, turn.cpuMs);
    before = now;
  }, 1);
  const startMs = performance.now();
  await work();
  clearInterval(timer);
  const held = `held for ${longest.ms.toFixed(1)} ms at most (worked in them: ${longest.cpuMs.toFixed(1)} ms)`;
  report(title, performance.now() - startMs, `, ${held}, worked for ${longestCpuMs.toFixed(1)} ms at most`);
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function report(title: string, ms: number, more = ''): void {
  console.log(`  ${title}: ${(ms / 1000).toFixed(2)} s, ${Math.round(process.memoryUsage.rss() / 1e6)} MB${more}`);
}

function records(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `${line(i)}\n`).join('');
}

/** A zone's text without ever having it whole in memory. */
function* chunks(count: number, line: (i: number) => string, end = ''): Generator<string> {
  const size = 1000;
  yield head;
  for (let at = 0; at < count; at += size) yield records(Math.min(size, count - at), (i) => line(at + i));
  yield end;
}

async function replace(folder: string, file: string, text: string): Promise<void> {
  await writeFile(join(folder, 'draft'), text);
  await rename(join(folder, 'draft'), join(folder, file));
}
