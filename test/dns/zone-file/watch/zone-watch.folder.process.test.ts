// Hot reload where the folder itself moves, and under queries: each gets the old answer or the new one.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quickTimes, ZoneFolder, zoneHead, zoneText } from '../../../kit/dns/zone-folder.ts';
import { gist } from '../../../kit/registry/harness.ts';

let zones: ZoneFolder;
beforeEach(() => {
  zones = new ZoneFolder();
});
afterEach(() => zones.remove());

describe('a folder', () => {
  it('whose files are links into a folder that is swapped is followed', async () => {
    const inside = (name: string) => join(zones.folder, name);
    rmSync(inside('a.zone'));
    for (const [version, address] of [
      ['..one', '10.0.0.1'],
      ['..two', '10.0.0.2'],
    ] as const)
      zones.write(`${version}/a.zone`, zoneText(address));
    symlinkSync('..one', inside('..data'));
    symlinkSync('..data/a.zone', inside('a.zone'));
    zones.start();
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
    symlinkSync('..two', inside('..next'));
    renameSync(inside('..next'), inside('..data'));
    await zones.untilServed('NOERROR AA 10.0.0.2');
    // Reports come from the new folder too.
    zones.write('..two/a.zone', zoneText('10.0.0.3'));
    await zones.untilServed('NOERROR AA 10.0.0.3');
  });

  it('that is a link is followed to where it leads next', async () => {
    mkdirSync(join(zones.world, 'next'));
    writeFileSync(join(zones.world, 'next/a.zone'), zoneText('10.0.0.2'));
    renameSync(zones.folder, join(zones.world, 'first'));
    symlinkSync('first', zones.folder);
    zones.start();
    symlinkSync('next', join(zones.world, 'link'));
    renameSync(join(zones.world, 'link'), zones.folder);
    await zones.untilServed('NOERROR AA 10.0.0.2');
  });

  it('that goes keeps all zones, is reported once, and is found again', async () => {
    zones.start({ ...quickTimes, sweepMs: 20 });
    renameSync(zones.folder, join(zones.world, 'away'));
    await zones.untilAnyNews();
    mkdirSync(zones.folder);
    writeFileSync(join(zones.folder, 'a.zone'), zoneText('10.0.0.2'));
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
    await zones.untilServed('NOERROR AA 10.0.0.2');
    expect(zones.news.filter((item) => item.startsWith('unwatched'))).toHaveLength(1);
    // It is watched again: with reports, not only looked at.
    zones.replace('a.zone', zoneText('10.0.0.3'));
    await zones.untilServed('NOERROR AA 10.0.0.3');
  });

  it('is looked at for changes without an event', async () => {
    zones.start(quickTimes, () => zones.replace('a.zone', zoneText('10.0.0.2')));
    await zones.untilReported('reloaded a.');
  });

  it('is left alone once watching is closed', async () => {
    zones.start();
    zones.replace('a.zone', zoneText('10.0.0.2'));
    await zones.close();
    const before = [...zones.news];
    zones.replace('a.zone', zoneText('10.0.0.3'));
    // Events of the kernel, if there were any.
    await sleep(100);
    expect(zones.news).toEqual(before);
  });
});

it('300 reloads lose no query: each answer is one version or the next, whole', { timeout: 180_000 }, async () => {
  const hostCount = 10;
  const version = (number: number) =>
    zoneHead +
    Array.from({ length: hostCount }, (_, i) => `www A 10.${number >> 8}.${number & 255}.${i}\n`).join('') +
    `a${number} A 10.0.0.1\nb CNAME a${number}\n`;
  zones.replace('a.zone', version(0));
  const instant = { quietMs: 1, latestMs: 5 };
  zones.start({ ...quickTimes, settling: { replaced: instant, written: instant } });
  let written = 0;
  let seen = 0;
  let queries = 0;
  for (; written < 300; written++) {
    zones.replace('a.zone', version(written + 1));
    while (seen < written + 1) {
      for (let burst = 0; burst < 20; burst++) {
        const { rcode, answer } = zones.harness.query('www.a.');
        const versions = new Set(answer.map(({ data }) => data.split('.').slice(1, 3).join('.')));
        const [high = 0, low = 0] = [...versions].join().split('.').map(Number);
        expect([rcode, versions.size, answer.length]).toEqual(['NOERROR', 1, hostCount]);
        expect([seen, written + 1]).toContain(high * 256 + low);
        seen = high * 256 + low;
        // An alias and its target are of one version too.
        expect(gist(zones.harness.query('b.a.'))).toBe(`NOERROR AA a${seen}.a. 10.0.0.1`);
        queries += 2;
      }
      await setImmediate();
    }
  }
  expect(zones.news).toEqual(Array.from({ length: 300 }, () => 'reloaded a.'));
  expect(zones.harness.faults).toEqual([]);
  expect(queries).toBeGreaterThan(10_000);
});
