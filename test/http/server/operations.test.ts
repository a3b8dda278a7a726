// The page of metrics costs what it costs once, however many ask for it at a time.

import { expect, test } from 'vitest';
import { createWorld } from '../../kit/http/http-world.ts';

function world(makePage: (count: number) => string) {
  let made = 0;
  const metricsText = async () => ({ contentType: 'text/plain', text: makePage(++made) });
  const { app } = createWorld({ deps: { metricsText } });
  const ask = async () => {
    const { statusCode, body } = await app.inject({ method: 'GET', url: '/metrics' });
    return `${statusCode} ${body.slice(0, 10)}`;
  };
  return { ask, made: () => made };
}

test('those who ask for metrics in one turn share a page; who asks later gets one of its own', async () => {
  const { ask, made } = world((count) => `page ${count}`);
  const replies = await Promise.all(Array.from({ length: 200 }, ask));
  expect(new Set(replies).size).toBe(made());
  expect(made()).toBeLessThan(20);
  const before = made();
  expect(await ask()).toBe(`200 page ${before + 1}`);
});

test('a page that cannot be made is a failure of those who asked for it alone', async () => {
  const { ask } = world((count) => {
    if (count === 1) throw new Error('no page');
    return `page ${count}`;
  });
  expect(await ask()).toMatch(/^500 /);
  expect(await ask()).toBe('200 page 2');
});
