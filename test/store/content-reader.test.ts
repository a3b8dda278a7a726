// Registrations read back one after the other: each is exactly its own text, independent of the one before.

import { expect, test } from 'vitest';
import { parseRegistration, type Registration, registrationToJson } from '../../src/model/instance.ts';
import { ContentReader } from '../../src/store/content-reader.ts';

const texts = [
  { addrs: ['http://10.0.0.1:80'] },
  { addrs: ['http://10.0.0.2:80'] },
  { addrs: ['http://10.0.0.3:80', 'grpc://[2001:db8::3]:90'] },
  { addrs: ['http://10.0.0.3:80'], version: '],"version":', metadata: { note: '],"version":"x"' } },
  { addrs: ['http://10.0.0.4:80'], version: '],"version":', metadata: { note: '],"version":"x"' } },
  { addrs: ['http://10.0.0.5:80'], tags: ['a', 'b'], status: 'waiting' },
  { addrs: ['http://10.0.0.6:80'], tags: ['a'], status: 'waiting' },
].map((body) =>
  JSON.stringify(registrationToJson(parseRegistration(body, { leaseSeconds: 60, dnsTtl: 7 }) as Registration)),
);

test('every registration is read as it was written', () => {
  const reader = new ContentReader();
  const back = texts.map((text) => JSON.stringify(registrationToJson(reader.read(text).registration as Registration)));
  expect(back).toEqual(texts);
});

test.each([
  ['{"addrs":["http://10.0.0.1:0"', 'addrs[0]'],
  ['{"addrs":[', 'addrs'],
  ['{"addrs":["http://10.0.0.1:80"', ''],
  ['{"addrs":{', ''],
  ['', ''],
])('damage in front of what was read before is found: %s', (text, field) => {
  const reader = new ContentReader();
  const sound = texts[0] as string;
  const rest = sound.slice(sound.indexOf('],"version":'));
  reader.read(sound);
  const damaged = field === '' ? text : text + rest;
  expect(reader.read(damaged).registration).toMatchObject([{ field }]);
  expect(registrationToJson(reader.read(sound).registration as Registration)).toEqual(JSON.parse(sound));
});
