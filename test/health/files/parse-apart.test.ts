// A service file gives the same, read here or in a thread, and a large one lets others have their turn meanwhile.

import { expect, test } from 'vitest';
import { parseApart } from '../../../src/health/files/parse-apart.ts';
import { parseServiceFile } from '../../../src/health/files/service-file.ts';

const defaults = { leaseSeconds: 90, dnsTtl: 5 };

function file(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, index) => `- {env: prod, appid: a, instance: i${index}, addrs: ["x://10.0.0.1:1"], checks: [{type: tcp}]}\n`,
  );
  return lines.join('');
}

test.each([1, 1000])('%i instances', async (count) => {
  const text = file(count);
  expect(await parseApart(text, defaults)).toEqual(parseServiceFile(text, defaults));
});

test('a large file does not hold the event loop', async () => {
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await parseApart(file(1000), defaults);
  clearInterval(counting);
  expect(turns).toBeGreaterThan(1);
});

test('faults of a large file come with their lines', async () => {
  expect(await parseApart(`${file(1000)}- {env: prod}\n`, defaults)).toMatchObject({
    faults: expect.arrayContaining([expect.stringMatching(/^1001:\d+: appid must be text/)]),
  });
});
