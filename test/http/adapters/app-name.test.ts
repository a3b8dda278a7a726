// The rule from given names to appids.

import { expect, test } from 'vitest';
import { appidOf } from '../../../src/http/adapters/app-name.ts';

test.each([
  ['SPRING-WEB', 'spring-web'],
  ['my_app', 'my-app'],
  ['my app:1', 'my-app-1'],
  ['com.acme.Pay', 'com.acme.pay'],
  ['_x_.y', 'x.y'],
  ['zürich', 'z-rich'],
])('%s is %s', (given, appid) => {
  expect(appidOf(given)).toBe(appid);
});

test.each(['', '.', 'a..b', '___', 'a'.repeat(64), `${'a.'.repeat(130)}a`])('%j is none', (given) => {
  expect(appidOf(given)).toMatchObject({ field: 'appid' });
});
