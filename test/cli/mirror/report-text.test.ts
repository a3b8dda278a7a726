// The report of a mirror: one line for each difference, and the same for programs.

import { expect, test } from 'vitest';
import { differenceOf } from '../../../src/bridges/difference.ts';
import { mapped } from '../../../src/bridges/mirrored.ts';
import { eventText, reportDocument, reportText } from '../../../src/cli/mirror/report-text.ts';
import { listed, MemoryTarget, mark } from '../../kit/adapters/mirror-world.ts';

function report() {
  const target = new MemoryTarget();
  target.put('web/gone', { addrs: ['http://10.0.0.9:80'], metadata: { 'mirrored-from': mark } });
  target.put('web/moved', { addrs: ['http://10.0.0.2:80'], weight: 1 });
  const there = [listed('web/a', '10.0.0.1'), listed('web/b', '10.0.0.2'), listed('web/\u001b[31m', 'no address')];
  const { wanted, unmapped } = mapped({ instances: there, unmapped: [] }, { kind: 'consul', env: 'prod', mark });
  return { difference: differenceOf(wanted, target.present(), mark), unmapped };
}

test('names what is missing, extra, left alone and cannot be here', () => {
  const lines = reportText(report()).trimEnd().split('\n');
  expect(lines.map((line) => line.split(':')[0])).toEqual([
    'missing here   prod/web/a',
    'extra here     prod/web/gone',
    'left alone     prod/web/b',
    'cannot be here web/\\x1b[31m',
    expect.stringContaining('0 equal, 1 missing'),
  ]);
  expect(lines[2]).toContain('as prod/web/moved');
});

test('as a document it has the fields that differ', () => {
  expect(reportDocument(report())).toMatchObject({
    missing: [{ instance: 'prod/web/a' }],
    extra: [{ instance: 'prod/web/gone', why: 'gone' }],
    direct: [{ instance: 'prod/web/b', here: 'prod/web/moved', differs: expect.arrayContaining([]) }],
    unmapped: [{ why: expect.any(String) }],
    onlyHere: 0,
  });
});

test('foreign text in a line cannot steer a terminal', () => {
  const text = eventText({ kind: 'source-lost', why: 'bad\u001b[2J' }, 'consul old:8500');
  expect(text).toContain('bad\\x1b[2J');
});
