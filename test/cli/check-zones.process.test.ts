// `rollcall check-zones`: exit codes, and faults that an editor can jump to.

import { expect, test } from 'vitest';
import { rollcall } from '../kit/cli/command-line.ts';

const good = `$TTL 300
@ IN SOA ns.example.org. hostmaster.example.org. 1 7200 3600 1209600 300
@ IN NS ns.example.org.
www IN A 192.0.2.1
`;

test('prints the number of zones and exits 0', async () => {
  const { code, out, err } = await rollcall(['check-zones', 'zones'], {
    files: { 'zones/a.test.zone': good, 'zones/b.test.zone': good },
  });
  expect({ code, out, err }).toEqual({ code: 0, out: '2 zones, no faults\n', err: '' });
});

test('prints every fault of every file with line and column, and exits 1', async () => {
  const { code, out, err } = await rollcall(['check-zones', 'zones'], {
    files: {
      'zones/a.test.zone': `${good}x IN A 192.0.2.256\ny IN AAAA fe80\n`,
      'zones/b.test.zone': `${good}z IN MX ten mail\n`,
    },
  });
  expect(code).toBe(1);
  const lines = out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^zones\/a\.test\.zone:5:\d+: /);
  expect(lines[1]).toMatch(/^zones\/a\.test\.zone:6:\d+: /);
  expect(lines[2]).toMatch(/^zones\/b\.test\.zone:5:\d+: /);
  expect(err).toBe('3 faults in zones\n');
});

test('without a directory checks the one that serve would read', async () => {
  const files = { 'here/a.test.zone': good, 'rollcall.yaml': 'zones: here\n' };
  expect(await rollcall(['check-zones'], { files })).toMatchObject({ code: 0, out: '1 zone, no faults\n' });
});

test('a directory that is not there is a fault', async () => {
  const { code, out, err } = await rollcall(['check-zones', 'nowhere']);
  expect(code).toBe(1);
  expect(out + err).toContain('nowhere');
});

test('for programs: one document, good or bad, with the same exit codes', async () => {
  const files = { 'zones/a.test.zone': good, 'zones/b.test.zone': `${good}z IN MX ten mail\n` };
  const { code, out } = await rollcall(['check-zones', 'zones', '--output', 'json'], { files });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    directory: 'zones',
    faults: [expect.stringMatching(/b\.test\.zone:5:\d+: /)],
  });
  const { 'zones/a.test.zone': sound } = files;
  const fine = await rollcall(['check-zones', 'zones', '-o', 'json'], { files: { 'zones/a.test.zone': sound } });
  expect(fine.code).toBe(0);
  expect(JSON.parse(fine.out)).toEqual({ directory: 'zones', zones: 1, faults: [] });
});
