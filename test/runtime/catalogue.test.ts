// Which names are known: apps, and the names that only longer ones end in, against a plain list.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Catalogue } from '../../src/runtime/catalogue.ts';

interface Entry {
  readonly env: string;
  readonly appid: string;
}

test('names between exist as long as an app lies below', () => {
  const catalogue = new Catalogue<Entry>();
  const pay = { env: 'prod', appid: 'com.acme.pay' };
  const acme = { env: 'prod', appid: 'acme.pay' };
  expect(catalogue.at('prod', '')).toBeUndefined();
  catalogue.add(pay);
  expect([catalogue.at('prod', ''), catalogue.at('prod', 'pay'), catalogue.at('prod', 'acme.pay')]).toEqual([
    'within',
    'within',
    'within',
  ]);
  expect(catalogue.at('prod', 'com.acme.pay')).toBe(pay);
  expect(catalogue.at('prod', 'com')).toBeUndefined();
  expect(catalogue.at('dev', '')).toBeUndefined();
  catalogue.add(acme);
  expect(catalogue.at('prod', 'acme.pay')).toBe(acme);
  catalogue.delete(acme);
  expect(catalogue.at('prod', 'acme.pay')).toBe('within');
  catalogue.delete(pay);
  expect(catalogue.at('prod', 'pay')).toBeUndefined();
  expect(catalogue.at('prod', '')).toBeUndefined();
  expect(catalogue.size).toBe(0);
});

test('names of object properties are names like any other', () => {
  const catalogue = new Catalogue<Entry>();
  for (const name of ['constructor', '__proto__', 'toString']) expect(catalogue.at(name, name)).toBeUndefined();
  catalogue.add({ env: 'constructor', appid: 'tostring' });
  expect(catalogue.app('constructor', 'tostring')).toBeDefined();
});

test('an env and an appid never run into each other', () => {
  const catalogue = new Catalogue<Entry>();
  catalogue.add({ env: 'b', appid: 'a' });
  expect(catalogue.at('b.a', '')).toBeUndefined();
  expect(catalogue.at('a.b', '')).toBeUndefined();
  expect(catalogue.at('', 'a.b')).toBeUndefined();
});

const label = fc.constantFrom('a', 'b');
const appid = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const entry = fc.record({ env: fc.constantFrom('x', 'y'), appid });

test('any history agrees with a list', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (toggles) => {
      const catalogue = new Catalogue<Entry>();
      let list: Entry[] = [];
      const seen: Entry[] = [];
      for (const one of toggles) {
        seen.push(one);
        const known = list.find(({ env, appid: id }) => env === one.env && id === one.appid);
        if (known === undefined) {
          catalogue.add(one);
          list.push(one);
        } else {
          catalogue.delete(known);
          list = list.filter((other) => other !== known);
        }
        expect(catalogue.size).toBe(list.length);
        for (const asked of seen) {
          for (let name = asked.appid; ; name = name.slice(name.indexOf('.') + 1)) {
            const app = list.find(({ env, appid: id }) => env === asked.env && id === name);
            const isWithin = list.some(({ env, appid: id }) => env === asked.env && id.endsWith(`.${name}`));
            expect(catalogue.at(asked.env, name)).toBe(app ?? (isWithin ? 'within' : undefined));
            expect(catalogue.app(asked.env, name)).toBe(app);
            if (!name.includes('.')) break;
          }
          const hasEnv = list.some(({ env }) => env === asked.env);
          expect(catalogue.at(asked.env, '')).toBe(hasEnv ? 'within' : undefined);
          expect(new Set(catalogue.apps(asked.env))).toEqual(new Set(list.filter(({ env }) => env === asked.env)));
        }
      }
      expect(new Set(catalogue.apps())).toEqual(new Set(list));
    }),
    { numRuns: 200 },
  );
});

test('an iteration meets all apps that stay, though others come and go meanwhile', () => {
  const catalogue = new Catalogue<Entry>();
  const apps = Array.from({ length: 40 }, (_, at) => ({ env: 'prod', appid: `a${at}` }));
  for (const app of apps) catalogue.add(app);
  const met: Entry[] = [];
  for (const app of catalogue.apps('prod')) {
    met.push(app);
    const at = apps.indexOf(app);
    // Itself, and some behind it.
    for (const gone of [at, at + 1, at + 2]) {
      const one = apps[gone];
      if (at % 5 === 0 && one !== undefined && catalogue.app('prod', one.appid) === one) catalogue.delete(one);
    }
    if (at === 3) catalogue.add({ env: 'prod', appid: 'new' });
  }
  const stayed = apps.filter(({ appid }) => catalogue.app('prod', appid) !== undefined);
  expect(met).toEqual(expect.arrayContaining(stayed));
  expect(new Set(met).size).toBe(met.length);
});
