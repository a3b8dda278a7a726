// `rollcall check-services`: exit codes, and faults that an editor can jump to.

import { expect, test } from 'vitest';
import { rollcall } from '../kit/cli/command-line.ts';

const good = (instance: string): string =>
  `- env: prod\n  appid: printer\n  instance: ${instance}\n  addrs: [http://127.0.0.1:9]\n  checks: [{type: tcp}]\n`;

test('prints the number of instances and exits 0', async () => {
  const files = { 's/a.yaml': good('p1') + good('p2'), 's/b.yml': '[]\n', 's/.hidden.yaml': '%', 's/notes.txt': '%' };
  expect(await rollcall(['check-services', 's'], { files })).toEqual({
    code: 0,
    out: '2 instances in 2 files, no faults\n',
    err: '',
  });
});

test('prints every fault of every file with line and column, and exits 1', async () => {
  const files = {
    's/a.yaml': `${good('p1')}${good('p1')}`,
    's/b.yaml': `${good('p1')}- env: pr_od\n  appid: printer\n  instance: p3\n  addrs: [http://127.0.0.1:99999]\n`,
    's/c.yaml': 'env: [prod\n',
    's/d.yaml': good('p1'),
    's/e.yaml/x': '',
  };
  const { code, out, err } = await rollcall(['check-services', 's'], { files });
  expect(code).toBe(1);
  const places = out
    .trimEnd()
    .split('\n')
    .map((line) => /^s\/(\w\.yaml:\d+:)\d+: \S/.exec(line)?.[1]);
  // The second p1 of a; env, addrs and checks of b; the syntax of c; p1 of d, which a has.
  expect(new Set(places)).toEqual(
    new Set(['a.yaml:6:', 'b.yaml:6:', 'b.yaml:9:', 'c.yaml:2:', 'd.yaml:1:', 'e.yaml:1:']),
  );
  expect(err).toMatch(/^\d+ faults in s\n$/);
});

test('without a directory checks the one that serve would read; for programs it is a document', async () => {
  const files = { 'here/a.yaml': good('p1'), 'rollcall.yaml': 'services: here\n' };
  const { code, out } = await rollcall(['check-services', '-o', 'json'], { files });
  expect({ code, document: JSON.parse(out) as unknown }).toEqual({
    code: 0,
    document: { directory: 'here', files: 1, services: 1, faults: [] },
  });
});

test('a directory that is not there is a fault', async () => {
  const { code, out } = await rollcall(['check-services', 'nowhere']);
  expect({ code, out }).toEqual({ code: 1, out: expect.stringMatching(/^nowhere:1:1: /) });
});
