// Keys below the cluster's prefix: one spelling for each instance, and nothing that could be taken for another's.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deadNodeKey,
  instancePath,
  labelPath,
  nodeKey,
  readKey,
  tombstonePath,
  zoneKey,
} from '../../../src/cluster/records/keys.ts';
import { instanceKey, parseInstanceId } from '../../../src/model/names.ts';

describe('an instance key', () => {
  const id = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((one) => typeof parseInstanceId(one) === 'string');

  test('is read as it was written, in canonical spelling, printable, with three slashes', () => {
    fc.assert(
      fc.property(id, (instance) => {
        const key = { env: 'prod', appid: 'com.acme.pay', instance };
        const canonical = { ...key, instance: instanceKey(instance) };
        expect(instancePath(key)).toMatch(/^i\/prod\/com\.acme\.pay\/[!-.0-~]+$/);
        expect(readKey(instancePath(key))).toEqual({ kind: 'instance', key: canonical });
        expect(readKey(tombstonePath(key))).toEqual({ kind: 'tombstone', key: canonical });
      }),
    );
  });

  test('is the same for two spellings, and no other for two instances', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        const path = (instance: string): string => instancePath({ env: 'e', appid: 'a', instance });
        expect(path(a) === path(b)).toBe(instanceKey(a) === instanceKey(b));
      }),
    );
  });

  test.each([
    ['a/b', 'i/e/a/a%2Fb'],
    ['100%', 'i/e/a/100%25'],
    ['Ü 1', 'i/e/a/%C3%9C%201'],
    ['Host.Example:8080', 'i/e/a/host.example:8080'],
  ])('of %s is %s', (instance, path) => {
    expect(instancePath({ env: 'e', appid: 'a', instance })).toBe(path);
  });
});

test('other keys are read as they were written', () => {
  expect(readKey('meta')).toEqual({ kind: 'meta' });
  expect(readKey('s')).toEqual({ kind: 'serial' });
  expect(readKey(nodeKey('n1'))).toEqual({ kind: 'node', node: 'n1' });
  expect(readKey(deadNodeKey('n1'))).toEqual({ kind: 'dead', node: 'n1' });
  expect(readKey(zoneKey('a.b-c'))).toEqual({ kind: 'zone', node: 'a.b-c' });
  expect(readKey(labelPath('prod', 'pay', 'x'))).toEqual({ kind: 'label', env: 'prod', appid: 'pay', label: 'x' });
});

test.each([
  ['', 'i', 'i/', 'i/e', 'i/e/a', 'i/e/a/', 'i/e/a/b/c', 'x/e/a/b', 'S', 'meta/', 'n/', 'n/A', 'n/a/b', 'l/e/a/B'],
  [
    'i/E/a/b',
    'i/e/A/b',
    'i/e/a/B',
    'i/e/a/%',
    'i/e/a/%2f',
    'i/e/a/%41',
    'i/e/a/%FF',
    'i/e.e/a/b',
    'i/e/a/%00',
    'i/e/a/a b',
  ],
])('what is not written so is none of ours', (...paths) => {
  expect(paths.filter((path) => readKey(path) !== undefined)).toEqual([]);
});
