// Zones from folders on a disk: which files are zones, which files are never opened, and that one broken file leaves
// the others alone.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { name, nameToText } from '../../../src/dns/message/name.ts';
import { formatFault } from '../../../src/dns/zone-file/fault.ts';
import { loadZoneFile, loadZones } from '../../../src/dns/zone-file/load.ts';
import { inOneGo } from '../../../src/dns/zone-file/sliced.ts';
import { pathOf } from '../../kit/process/installed.ts';
import { head } from './corpus/zone-text.ts';

const good = '$TTL 300\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n';
let world: string;
let zones: string;

beforeEach(() => {
  world = mkdtempSync(join(tmpdir(), 'rollcall-zones-'));
  zones = join(world, 'zones');
  mkdirSync(zones);
});
afterEach(() => rmSync(world, { recursive: true }));

function file(path: string, text: string): void {
  mkdirSync(dirname(join(zones, path)), { recursive: true });
  writeFileSync(join(zones, path), text);
}

/** Names of the zones, and faults with paths from the folder on. */
function loaded(): { names: string[]; faults: string[] } {
  const { zones: found, faults } = loadZones(zones);
  return {
    names: [...found.values()].map(({ apex }) => nameToText(apex)),
    faults: faults.map((fault) => formatFault(fault).replaceAll(`${zones}/`, '')),
  };
}

describe('a folder of zones', () => {
  it('has a zone for each file, named after it', () => {
    file('svc.zone', good);
    file('Prod.Svc.zone', good);
    file('2.0.192.in-addr.arpa.zone', good);
    file('notes.txt', 'x');
    file('.svc.zone', 'x');
    file('svc.zone~', 'x');
    expect(loaded()).toEqual({ names: ['2.0.192.in-addr.arpa.', 'prod.svc.', 'svc.'], faults: [] });
  });

  it('loads the others when one is broken', () => {
    file('a.zone', good);
    file('b.zone', `${good}x A 1.2.3\n`);
    file('c.zone', good);
    expect(loaded()).toEqual({
      names: ['a.', 'c.'],
      faults: ['b.zone:5:5: A: an IPv4 address (four numbers from 0 to 255) is expected, received "1.2.3"'],
    });
  });

  it('refuses names that are no zone names', () => {
    const long = `${'x'.repeat(64)}.zone`;
    for (const name of ['a..b.zone', '@.zone', 'a\\.b.zone', 'svc..zone', '..zone', long]) file(name, good);
    const { names, faults } = loaded();
    expect(names).toEqual([]);
    expect(faults).toEqual([
      '@.zone:1:1: file name is not a zone name: no final dot, no escapes',
      'a..b.zone:1:1: file name is not a zone name: empty label',
      'a\\.b.zone:1:1: file name is not a zone name: no final dot, no escapes',
      'svc..zone:1:1: file name is not a zone name: no final dot, no escapes',
      `${long}:1:1: file name is not a zone name: label is over 63 octets`,
    ]);
  });

  it('refuses a zone that two files claim', () => {
    file('SVC.zone', good);
    file('svc.zone', good);
    expect(loaded()).toEqual({
      names: ['svc.'],
      faults: ['svc.zone:1:1: another file has the same zone: names differ in case alone'],
    });
  });

  it('that is not there, or is a file, is a fault', () => {
    expect(loadZones(join(world, 'none')).faults).toMatchObject([
      { message: 'there is no such folder: zones are read from it' },
    ]);
    expect(loadZones(join(world, 'none'), { mayBeMissing: true })).toMatchObject({ faults: [], loads: [] });
    file('f', '');
    expect(loadZones(join(zones, 'f')).faults).toMatchObject([
      { message: 'this is not a folder: zones are read from one' },
    ]);
  });

  it('may be empty, or a link itself', () => {
    expect(loaded()).toEqual({ names: [], faults: [] });
    file('svc.zone', good);
    symlinkSync(zones, join(world, 'link'));
    expect(loadZones(join(world, 'link')).faults).toEqual([]);
  });
});

describe('files that are never read', () => {
  const secret = 'top secret words\n';

  it.each<[string, (path: string) => void, string]>([
    [
      'a link out of the folder',
      (path) => symlinkSync(join(world, 'secret'), path),
      'it lies outside the folder of the zones',
    ],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path), 'it lies outside the folder of the zones'],
    ['a link to nowhere', (path) => symlinkSync('nowhere', path), 'there is no such file'],
    ['a link to itself', (path) => symlinkSync(path, path), 'its symbolic links lead nowhere'],
    ['a folder', (path) => mkdirSync(path), 'it is not a regular file'],
    ['a FIFO', (path) => execFileSync(pathOf('mkfifo') as string, [path]), 'it is not a regular file'],
    [
      'a file over 64 MiB',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 31);
      },
      'it has 2147483648 octets, more than 67108864',
    ],
  ])('%s', (_, make, reason) => {
    writeFileSync(join(world, 'secret'), secret);
    make(join(zones, 'bad.zone'));
    make(join(zones, 'bad.inc'));
    file('svc.zone', `${good}$INCLUDE bad.inc\n`);
    expect(loaded()).toEqual({
      names: [],
      faults: [
        `bad.zone:1:1: cannot read this zone: ${reason}`,
        `svc.zone:5:10: $INCLUDE is refused: ${reason}, received "bad.inc"`,
      ],
    });
  });

  it.each(['/etc/passwd', '../secret', 'sub/../../secret', '"../secret"', '..', '/', '\\046./secret'])(
    '$INCLUDE %s',
    (path) => {
      writeFileSync(join(world, 'secret'), secret);
      file('sub/x', '');
      file('svc.zone', `${good}$INCLUDE ${path}\n`);
      const { names, faults } = loaded();
      expect(names).toEqual([]);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(
        /^svc\.zone:5:10: \$INCLUDE is refused: it lies outside the folder of the zones, received /,
      );
      expect(faults[0]).not.toContain('words');
    },
  );

  it('a folder beside whose name only begins alike', () => {
    mkdirSync(`${zones}-other`);
    writeFileSync(join(`${zones}-other`, 'x'), '');
    file('svc.zone', `${good}$INCLUDE ../zones-other/x\n`);
    expect(loaded().faults).toHaveLength(1);
  });
});

describe('one file', () => {
  it('is read with what it includes, relative to the including file', () => {
    file('svc.zone', `${good}$INCLUDE parts/a.inc\n`);
    file('parts/a.inc', 'a A 192.0.2.2\n$INCLUDE b.inc\n');
    file('parts/b.inc', `b A 192.0.2.3\n$INCLUDE ${zones}/c.inc\n`);
    file('c.inc', 'c A 192.0.2.4\n');
    const { zone, faults, sources } = inOneGo(loadZoneFile(join(zones, 'svc.zone'), zones));
    expect(faults).toEqual([]);
    expect([...(zone?.records.keys() ?? [])].map(nameToText)).toEqual([
      'svc.',
      'ns.svc.',
      'a.svc.',
      'b.svc.',
      'c.svc.',
    ]);
    const real = realpathSync(zones);
    expect(sources.map(({ realPath }) => realPath)).toEqual(
      ['svc.zone', 'parts/a.inc', 'parts/b.inc', 'c.inc'].map((path) => join(real, path)),
    );
  });

  it('names the included file of a fault', () => {
    file('svc.zone', `${good}$INCLUDE parts/a.inc\n`);
    file('parts/a.inc', '\nq A hunter2\n');
    expect(loaded().faults).toEqual(['parts/a.inc:2:5: A: an IPv4 address (four numbers from 0 to 255) is expected']);
  });

  it('may be a link within the folder, and a cycle of links is seen', () => {
    file('parts/real', `${good}$INCLUDE link\n`);
    symlinkSync('real', join(zones, 'parts', 'link'));
    symlinkSync('parts/real', join(zones, 'svc.zone'));
    expect(loaded().faults).toEqual([
      'svc.zone:5:10: $INCLUDE leads back to a file that is being read, received "link"',
    ]);
  });

  it('has its octets as they are, UTF-8 in names of files too', () => {
    file('svc.zone', `${good}t TXT "café"\n$INCLUDE café.inc\n`);
    file('café.inc', 'x A 192.0.2.9\n');
    const { zone, faults } = inOneGo(loadZoneFile(join(zones, 'svc.zone'), zones));
    expect(faults).toEqual([]);
    const text = zone?.records.get(name('t.svc.'))?.rrset(16).rrset;
    expect(Buffer.from(text?.rdatas[0]?.[0] as Uint8Array).toString()).toBe('\x05café');
  });

  it('with another name is refused', () => {
    file('svc.txt', head);
    const { faults } = inOneGo(loadZoneFile(join(zones, 'svc.txt'), zones));
    expect(faults).toMatchObject([{ message: 'file of a zone must be named after it and end in .zone' }]);
  });
});
