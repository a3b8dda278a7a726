// Hot reload on a real folder: what is served after each kind of change to a file, and what is logged, how often.

import { rmSync, unlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settlingTimes } from '../../../../src/dns/zone-file/watch/settling.ts';
import { quickTimes, ZoneFolder, zoneHead, zoneText } from '../../../kit/dns/zone-folder.ts';

let zones: ZoneFolder;
beforeEach(() => {
  zones = new ZoneFolder();
});
afterEach(() => zones.remove());

describe('a zone file', () => {
  it('that is replaced is served, and nothing else', async () => {
    zones.start();
    zones.replace('a.zone', zoneText('10.0.0.2'));
    await zones.untilServed('NOERROR AA 10.0.0.2');
    expect(zones.news).toEqual(['reloaded a.']);
  });

  it('that is new adds a zone', async () => {
    zones.start();
    expect(zones.served('www.b.')).toBe('REFUSED');
    zones.write('b.zone', zoneText('10.0.0.7'));
    await zones.untilServed('NOERROR AA 10.0.0.7', 'www.b.');
    expect(zones.news).toEqual(['new b.']);
  });

  it('that is new and broken adds none, until it is mended', async () => {
    zones.start();
    zones.replace('b.zone', `${zoneHead}x A 1\n`);
    await zones.untilAnyNews();
    expect(zones.news[0]).toMatch(/^not served: b\.zone:5:5: A: /);
    expect(zones.served('www.b.')).toBe('REFUSED');
    zones.replace('b.zone', zoneText('10.0.0.7'));
    await zones.untilServed('NOERROR AA 10.0.0.7', 'www.b.');
    expect(zones.news.slice(1)).toEqual(['new b. mended']);
  });

  it('that is written in two halves is served when both are there', async () => {
    const settling = { replaced: settlingTimes.replaced, written: { quietMs: 1500, latestMs: 30_000 } };
    zones.start({ ...quickTimes, settling });
    const whole = `${zoneText('10.0.0.2')}other A 10.0.0.3\n`;
    zones.write('a.zone', whole.slice(0, zoneHead.length));
    // Real time, as events of the kernel are; many times the wait of a replaced file: the first half is a zone of its own, without www.
    const endsMs = performance.now() + 150;
    while (performance.now() < endsMs) {
      expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
      await sleep(5);
    }
    zones.write('a.zone', whole);
    await zones.untilServed('NOERROR AA 10.0.0.2');
    expect(zones.news).toEqual(['reloaded a.']);
  });

  it('that breaks keeps its last good version and is reported once', async () => {
    zones.start();
    const broken = `${zoneHead}www A 10.0.0\nmail A 1.2.3.4.5\n`;
    zones.replace('a.zone', broken);
    await zones.untilAnyNews();
    expect(zones.news).toHaveLength(1);
    expect(zones.news[0]).toMatch(/^kept: a\.zone:5:7: A: .*, received "10\.0\.0",a\.zone:6:8: A: /);
    // The same again: nothing new to report.
    zones.replace('a.zone', broken);
    await zones.untilSeenTo();
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
    expect(zones.news).toHaveLength(1);
    zones.replace('a.zone', zoneText('10.0.0.2'));
    await zones.untilServed('NOERROR AA 10.0.0.2');
    expect(zones.news.slice(1)).toEqual(['reloaded a. mended']);
  });

  it('that breaks and is mended to what is served is reported, and changes nothing', async () => {
    zones.start();
    zones.replace('a.zone', '');
    await zones.untilAnyNews();
    const { revision } = zones.harness.zones;
    zones.replace('a.zone', zoneText('10.0.0.1'));
    await zones.untilReported('mended a.zone');
    expect(zones.harness.zones.revision).toBe(revision);
  });

  it('that is deleted keeps its last good version and is reported once', async () => {
    zones.start();
    unlinkSync(join(zones.folder, 'a.zone'));
    await zones.untilReported('deleted a.zone');
    await zones.untilSeenTo();
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
    expect(zones.news).toEqual(['deleted a.zone']);
    zones.write('a.zone', zoneText('10.0.0.3'));
    await zones.untilServed('NOERROR AA 10.0.0.3');
    expect(zones.news.slice(1)).toEqual(['reloaded a. mended']);
  });

  it('that is deleted lets its zone go after the grace', async () => {
    zones.start({ ...quickTimes, graceMs: 1 });
    unlinkSync(join(zones.folder, 'a.zone'));
    await zones.untilServed('REFUSED');
    expect(zones.news).toEqual(['deleted a.zone', 'released a.zone']);
    zones.write('a.zone', zoneText('10.0.0.3'));
    await zones.untilServed('NOERROR AA 10.0.0.3');
  });

  it('that is deleted lets its zone go at once where that is asked for', async () => {
    zones.start();
    expect(zones.releaseDeleted()).toBe(0);
    unlinkSync(join(zones.folder, 'a.zone'));
    await zones.untilReported('deleted a.zone');
    expect(zones.releaseDeleted()).toBe(1);
    expect(zones.served()).toBe('REFUSED');
    expect(zones.news).toEqual(['deleted a.zone', 'released a.zone']);
  });

  it('that is back within the grace stays', async () => {
    zones.start({ ...quickTimes, graceMs: 60_000 });
    unlinkSync(join(zones.folder, 'a.zone'));
    await zones.untilReported('deleted a.zone');
    zones.write('a.zone', zoneText('10.0.0.1'));
    await zones.untilReported('mended a.zone');
    expect(zones.releaseDeleted()).toBe(0);
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
  });

  it('that is broken from the start is SERVFAIL with a reason, and the others are served; until it is mended', async () => {
    zones.write('b.zone', `${zoneHead}x A 1\n`);
    zones.start();
    expect(zones.news).toEqual([expect.stringMatching(/^not served: b\.zone:5:5: A: /)]);
    for (const name of ['b.', 'www.b.', 'x.y.b.']) expect(zones.served(name)).toBe('SERVFAIL');
    const { opt } = zones.harness.query('www.b.', 'A', { edns: true });
    expect(opt?.data.get(15)?.subarray(0, 2)).toEqual(Buffer.from([0, 24]));
    expect(zones.served()).toBe('NOERROR AA 10.0.0.1');
    zones.replace('b.zone', zoneText('10.0.0.7'));
    await zones.untilServed('NOERROR AA 10.0.0.7', 'www.b.');
    expect(zones.news.slice(1)).toEqual(['new b. mended']);
  });

  it('that is broken from the start and then deleted leaves nothing', async () => {
    zones.write('b.zone', '');
    zones.start();
    expect(zones.served('www.b.')).toBe('SERVFAIL');
    unlinkSync(join(zones.folder, 'b.zone'));
    await zones.untilServed('REFUSED', 'www.b.');
  });

  it('that is touched, or written again as it was, changes nothing', async () => {
    zones.start();
    const { revision } = zones.harness.zones;
    utimesSync(join(zones.folder, 'a.zone'), 1, 1);
    zones.replace('a.zone', zoneText('10.0.0.1'));
    await zones.untilSeenTo();
    expect(zones.news).toEqual([]);
    // The marker alone.
    expect(zones.harness.zones.revision).toBe(revision + 1);
  });

  it('with the name of another in other case stands back, until that is gone', async () => {
    zones.start();
    zones.replace('A.zone', zoneText('10.0.0.9'));
    await zones.untilReported('not served: A.zone:1:1: another file has the same zone: names differ in case alone');
    unlinkSync(join(zones.folder, 'a.zone'));
    await zones.untilServed('NOERROR AA 10.0.0.9');
  });

  it('with a name that is no zone name is refused, once', async () => {
    zones.start();
    zones.replace('a..b.zone', zoneText('10.0.0.9'));
    await zones.untilAnyNews();
    zones.replace('a..b.zone', zoneText('10.0.0.8'));
    await zones.untilSeenTo();
    expect(zones.news).toEqual(['not served: a..b.zone:1:1: file name is not a zone name: empty label']);
  });
});

describe('what a zone file includes', () => {
  it('reloads it when it changes, breaks, goes and comes', async () => {
    zones.write('parts/www.inc', 'www A 10.0.0.1\n');
    zones.write('a.zone', `${zoneHead}$INCLUDE parts/www.inc\n`);
    zones.start();
    zones.write('parts/www.inc', 'www A 10.0.0.2\n');
    await zones.untilServed('NOERROR AA 10.0.0.2');
    rmSync(join(zones.folder, 'parts/www.inc'));
    await zones.untilReported(
      'kept: a.zone:5:10: $INCLUDE is refused: there is no such file, received "parts/www.inc"',
    );
    expect(zones.served()).toBe('NOERROR AA 10.0.0.2');
    zones.write('parts/www.inc', 'www A 10.0.0.3\n');
    await zones.untilServed('NOERROR AA 10.0.0.3');
  });

  it('reloads all that include it, and no other', async () => {
    zones.write('shared.inc', 'www A 10.0.0.1\n');
    for (const name of ['b', 'c']) zones.write(`${name}.zone`, `${zoneHead}$INCLUDE shared.inc\n`);
    zones.start();
    zones.write('shared.inc', 'www A 10.0.0.2\n');
    await zones.untilServed('NOERROR AA 10.0.0.2', 'www.b.');
    await zones.untilServed('NOERROR AA 10.0.0.2', 'www.c.');
    expect(zones.news.sort()).toEqual(['reloaded b.', 'reloaded c.']);
  });
});
