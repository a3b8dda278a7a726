// Names of apps and instances: what is no DNS name is refused with the reason, and every instance gets a label.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  instanceKey,
  instanceLabel,
  labelFault,
  parseAppid,
  parseEnv,
  parseInstanceId,
  parseInstanceKey,
} from '../../src/model/names.ts';

const label63 = 'a'.repeat(63);
const free = () => false;

describe('a label', () => {
  test.each(['a', '0', 'a-b', 'A1', 'xn--bcher-kva', label63, '123', 'a--b'])('may be %s', (label) => {
    expect(labelFault(label)).toBeUndefined();
  });

  test.each([
    ['', 'empty'],
    [`${label63}a`, '64 characters, at most 63'],
    ['-a', 'hyphen must be inside'],
    ['a-', 'hyphen must be inside'],
    ['-', 'hyphen'],
    ['_tcp', 'underscore is reserved'],
    ['a_b', 'only letters, digits and hyphens'],
    ['a*b', '"*"'],
    ['*', '"*"'],
    ['a b', 'white space'],
    ['bücher', 'xn--'],
    ['\u212aelvin', 'outside ASCII'],
    ['a\0', 'outside ASCII'],
    ['a\n', 'outside ASCII'],
    ['a/b', '"/"'],
    ['a\\b', '"\\"'],
  ])('must not be %j', (label, why) => {
    expect(labelFault(label)).toContain(why);
  });
});

describe('an env', () => {
  test('is folded to lower case', () => expect(parseEnv('PROD')).toBe('prod'));

  test('is one label', () => {
    expect(parseEnv('a.b')).toMatchObject({
      field: 'env',
      message: expect.stringContaining('without dots'),
      value: 'a.b',
    });
    expect(parseEnv('')).toMatchObject({ field: 'env' });
  });
});

describe('an appid', () => {
  test('is dotted labels in lower case', () => expect(parseAppid('Com.ACME.pay')).toBe('com.acme.pay'));

  test.each(['.a', 'a.', 'a..b', '', '.', 'a._tcp', 'a.*', 'a'.repeat(64), `a.${'b'.repeat(64)}`])(
    'must not be %j',
    (appid) => expect(parseAppid(appid)).toMatchObject({ field: 'appid', message: expect.stringContaining('label') }),
  );

  test('is refused without a look at its labels when it is absurdly long', () => {
    expect(parseAppid('a.'.repeat(50_000))).toMatchObject({ message: expect.stringContaining('100000 characters') });
  });

  test('may have the name of an object property', () => {
    for (const appid of ['constructor', 'hasownproperty', 'tostring']) expect(parseAppid(appid)).toBe(appid);
    expect(parseAppid('__proto__')).toMatchObject({ field: 'appid' });
  });
});

describe('an instance id', () => {
  test.each(['orders-1', '10.0.0.7:8080', 'Host.Example.ORG', 'a b', 'ö', '/', '_x', 'x'.repeat(253)])(
    'may be %s',
    (id) => {
      expect(parseInstanceId(id)).toBe(id);
    },
  );

  test.each(['', 'x'.repeat(254), 'ö'.repeat(127), 'a\0b', 'a\nb', 'a\u007f', 'a\u2028', '\ud800'])(
    'must not be %j',
    (id) => expect(parseInstanceId(id)).toMatchObject({ field: 'instance' }),
  );

  test('compares without ASCII case alone', () => {
    expect(instanceKey('ORDERS-1')).toBe(instanceKey('orders-1'));
    expect(instanceKey('Ö')).not.toBe(instanceKey('ö'));
    expect(instanceKey('\u212a')).not.toBe('k');
  });
});

test('a place with three faults names all three', () => {
  expect(parseInstanceKey('a.b', '-', '')).toMatchObject([{ field: 'env' }, { field: 'appid' }, { field: 'instance' }]);
});

describe('the label of an instance', () => {
  test.each([
    ['orders-1', 'orders-1'],
    ['Orders-1', 'orders-1'],
    ['10.0.0.7:8080', '10-0-0-7-8080'],
    ['[2001:db8::1]:80', '2001-db8-1-80'],
    ['host.example.org.', 'host-example-org'],
    ['a  --  b', 'a-b'],
    [`${'a'.repeat(62)}.b`, 'a'.repeat(62)],
    ['x'.repeat(253), 'x'.repeat(63)],
  ])('of %s is %s', (id, label) => {
    expect(instanceLabel(id, free)).toBe(label);
  });

  test('of an id without any letter or digit is a hash', () => {
    expect(instanceLabel('日本', free)).toMatch(/^[a-z0-9]{1,7}$/);
    expect(instanceLabel('---', free)).not.toBe(instanceLabel('::', free));
  });

  test('that is taken gets a hash, the same for the same id', () => {
    const taken = new Set(['a-b']);
    const first = instanceLabel('a.b', (label) => taken.has(label));
    expect(first).toMatch(/^a-b-[a-z0-9]{1,7}$/);
    expect(instanceLabel('a.b', (label) => taken.has(label))).toBe(first);
    expect(instanceLabel('a:b', (label) => taken.has(label))).not.toBe(first);
  });

  test('is free and legal, for any id and any taken labels', () => {
    const ids = fc.array(fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(ids, (list) => {
        const taken = new Set<string>();
        for (const id of list) {
          const label = instanceLabel(id, (candidate) => taken.has(candidate));
          expect(taken.has(label)).toBe(false);
          expect(labelFault(label)).toBeUndefined();
          expect(label).toBe(label.toLowerCase());
          taken.add(label);
        }
      }),
    );
  });
});
