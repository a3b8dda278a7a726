// Several registries as one.

import { expect, test } from 'vitest';
import type { ApiFault, ApiReply } from '../../../src/cli/api-call.ts';
import { backOffMs } from '../../../src/cli/run/back-off.ts';
import { askOneOf } from '../../../src/cli/run/registries.ts';

const connections = ['http://a', 'http://b', 'http://c'].map((url) => ({
  url: new URL(url),
  token: undefined,
  flag: '--registry' as const,
}));
const down: ApiFault = { code: 1, problem: 'down', isUnsent: true };
const up: ApiReply = { status: 200, headers: {}, document: {} };

function asking(answerOf: (host: string) => ApiReply | ApiFault) {
  const asked: string[] = [];
  const ask = askOneOf(connections, async ({ url }) => {
    asked.push(url.hostname);
    return answerOf(url.hostname);
  });
  return { ask, asked };
}

test('the next one is asked where one does not answer, and it is asked first from then on', async () => {
  const { ask, asked } = asking((host) => (host === 'b' ? up : down));
  expect(await ask({ path: '/' })).toBe(up);
  expect(await ask({ path: '/' })).toBe(up);
  expect(asked).toEqual(['a', 'b', 'b']);
});

test('each is asked once, and the last one is quoted', async () => {
  const { ask, asked } = asking(() => down);
  expect(await ask({ path: '/' })).toEqual(down);
  expect(asked).toEqual(['a', 'b', 'c']);
});

test('one that may have heard makes it possible that it was done', async () => {
  const { ask } = asking((host) => (host === 'a' ? { code: 1, problem: 'no reply' } : down));
  expect(await ask({ path: '/' })).toMatchObject({ isUnsent: false });
});

test('a refusal is an answer, a failure of the server is none', async () => {
  const refusing = asking(() => ({ ...down, status: 404 }));
  await refusing.ask({ path: '/' });
  expect(refusing.asked).toEqual(['a']);
  const failing = asking((host) => (host === 'a' ? { ...down, status: 503 } : up));
  expect(await failing.ask({ path: '/' })).toBe(up);
});

test('waits double up to a limit, by chance between a half and the whole', () => {
  const limits = { firstMs: 500, longestMs: 10_000 };
  expect([1, 2, 3, 9, 5000].map((failures) => backOffMs(failures, limits, 0))).toEqual([250, 500, 1000, 5000, 5000]);
  expect(backOffMs(1, limits, 0.999)).toBeCloseTo(499.75);
  expect(backOffMs(1, limits, 0, 3000)).toBe(3000);
  expect(backOffMs(1, limits, 0, 1e9)).toBe(60_000);
});
