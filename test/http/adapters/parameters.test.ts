// Parameters from the query and from a form.

import { expect, test } from 'vitest';
import { parametersOf, queryOf } from '../../../src/http/adapters/parameters.ts';

test('the body wins, values may repeat or be empty, and each is decoded once', () => {
  const url = '/x?a=1&b=2&flag&empty=&c=%2525';
  const given = parametersOf({ url, body: Buffer.from('b=3&b=4&d=e+f') });
  expect(['a', 'b', 'flag', 'empty', 'c', 'd', 'none'].map((name) => given.get(name))).toEqual([
    ...['1', '3', '', '', '%25', 'e f'],
    undefined,
  ]);
  expect(given.all('b')).toEqual(['3', '4']);
  expect(queryOf({ url }).all('b')).toEqual(['2']);
  expect(queryOf({ url: '/x' }).queryEntries()).toEqual([]);
});

test('what is beyond the limit is passed over', () => {
  const many = Array.from({ length: 2000 }, (_, at) => `p${at}=1`).join('&');
  const given = queryOf({ url: `/x?${many}` });
  expect([given.get('p999'), given.get('p1000')]).toEqual(['1', undefined]);
});
