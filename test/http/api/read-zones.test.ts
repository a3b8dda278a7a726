// `GET /api/v1/zones`: what is served of each file, its faults, what it hides, and how long its lists may get.

import { expect, test } from 'vitest';
import type { ZoneFileStatus } from '../../../src/model/zone-files.ts';
import { createWorld, problemOf } from '../../kit/http/http-world.ts';

const good: ZoneFileStatus = {
  file: 'zones/svc.zone',
  zone: 'svc.',
  state: 'good',
  serves: 'file',
  serial: 17,
  records: 4,
  faults: [],
  hidden: [],
};
const refused: ZoneFileStatus = {
  ...good,
  file: 'zones/@.zone',
  zone: undefined,
  state: 'refused',
  serves: 'nothing',
  serial: undefined,
  records: undefined,
  faults: [{ file: 'zones/@.zone', line: 1, column: 1, message: 'file name is not a zone name' }],
};

const listed = (files: readonly ZoneFileStatus[]) => createWorld({ deps: { zoneFiles: () => files } });

test('lists each file; what there is not is null', async () => {
  const reply = await listed([refused, good]).call('GET', '/zones');
  expect([reply.statusCode, reply.headers['cache-control']]).toEqual([200, 'no-store']);
  expect(reply.json()).toEqual({
    total: 2,
    failing: 1,
    zones: [
      { ...refused, zone: null, serial: null, records: null, moreHidden: 0 },
      { ...good, moreHidden: 0 },
    ],
  });
});

test('files beyond the limit and hidden apps beyond a hundred are counted', async () => {
  const hidden = Array.from({ length: 103 }, (_, i) => ({ env: 'prod', appid: `app-${i}`, instances: 1 }));
  const reply = await listed([{ ...good, hidden }, refused, refused]).call('GET', '/zones?limit=1');
  const { total, failing, zones } = reply.json() as {
    total: number;
    failing: number;
    zones: { hidden: unknown[]; moreHidden: number }[];
  };
  expect([total, failing, zones.length]).toEqual([3, 2, 1]);
  expect([zones[0]?.hidden.length, zones[0]?.moreHidden]).toEqual([100, 3]);
});

test('a limit that is none is refused', async () => {
  const reply = await listed([]).call('GET', '/zones?limit=0');
  expect(reply.statusCode).toBe(400);
  expect(problemOf(reply)).toMatchObject({ errors: [{ field: 'limit' }] });
});
