// TXT data of metadata: one string a key, whole or not at all, every octet as it was given
// (RFC 6763 §6; reference 46 and 104).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characterStrings, metadataStrings } from '../../../../src/dns/services/records/service-text.ts';
import { packet } from '../../../kit/dns/packet.ts';
import { Harness } from '../../../kit/registry/harness.ts';

const app = 'orders.prod.svc.';

/** Counted strings of TXT data; the last one must end where the data does. */
function stringsOf(data: Uint8Array): Buffer[] {
  const strings: Buffer[] = [];
  for (let at = 0; at < data.length; at += 1 + (data[at] as number))
    strings.push(Buffer.from(data.subarray(at + 1, at + 1 + (data[at] as number))));
  expect(strings.reduce((sum, { length }) => sum + length + 1, 0)).toBe(data.length);
  return strings;
}

const lengthsOf = (metadata: Record<string, string>, leading: string[] = []) =>
  stringsOf(metadataStrings(leading, new Map(Object.entries(metadata)))).map(({ length }) => length);

describe('strings', () => {
  test.each<[string, Record<string, string>, number[]]>([
    ['of no metadata: one, empty, since TXT data must not be', {}, [0]],
    ['of an empty value', { k: '' }, [2]],
    ['of 254 octets', { k: 'x'.repeat(252) }, [254]],
    ['of 255 octets: just full, and no empty one behind', { k: 'x'.repeat(253) }, [255]],
    ['of 256 octets: left out, and then there is none', { k: 'x'.repeat(254) }, [0]],
    ['of two keys, one too long', { k: 'x'.repeat(254), l: 'y' }, [3]],
    ['of UTF-8, counted in octets: 254', { k: 'ü'.repeat(126) }, [254]],
    ['of UTF-8, counted in octets: 256', { k: 'ü'.repeat(127) }, [0]],
    ['of the most metadata that there may be', { k: 'x'.repeat(8191) }, [0]],
    ['of keys that differ in case alone: the first', { Key: 'a', key: 'bb', KEY: 'ccc', keys: '' }, [5, 5]],
    ['of a key that is too long and one like it: neither is read for the other', { K: 'x'.repeat(300), k: 'y' }, [0]],
  ])('%s', (_, metadata, lengths) => expect(lengthsOf(metadata)).toEqual(lengths));

  test('of an app begin with the instance', () => {
    expect(stringsOf(metadataStrings(['instance=a'], new Map([['k', 'v']]))).map(String)).toEqual([
      'instance=a',
      'k=v',
    ]);
  });

  test('of other texts go on in the next, never inside a character', () => {
    expect(stringsOf(characterStrings(['x'.repeat(256), 'y'])).map(({ length }) => length)).toEqual([255, 1, 1]);
    for (const text of [`${'x'.repeat(254)}ü`, 'ü'.repeat(300), `a${'東'.repeat(200)}`, `${'🚀'.repeat(100)}b`]) {
      const strings = stringsOf(characterStrings([text]));
      expect(strings.map(String).join('')).toBe(text);
      expect(strings.some((part) => String(part).includes('\ufffd'))).toBe(false);
    }
  });

  test('are the pairs that fit, as they were given, for any text', () => {
    const metadata = fc.dictionary(
      fc.stringMatching(/^[ -<>-~]{1,63}$/),
      fc.string({ unit: 'binary', maxLength: 300 }),
      {
        maxKeys: 5,
      },
    );
    fc.assert(
      fc.property(metadata, (values) => {
        const texts = Object.entries(values).map(([key, value]) => `${key}=${value}`);
        const first = texts.filter((text, index) => {
          const key = (one: string) => one.slice(0, one.indexOf('=')).toLowerCase();
          return texts.findIndex((one) => key(one) === key(text)) === index;
        });
        const shown = first.filter((text) => Buffer.byteLength(text) <= 255);
        const strings = stringsOf(metadataStrings([], new Map(Object.entries(values))));
        expect(strings).toEqual(shown.length === 0 ? [Buffer.alloc(0)] : shown.map((text) => Buffer.from(text)));
      }),
    );
  });
});

describe('on the wire', () => {
  const nasty = {
    quote: 'say "hi"',
    backslash: 'C:\\tmp\\',
    both: '\\"',
    equals: 'a=b=c',
    spaces: '  two  ',
    semicolon: 'a;b',
    utf8: 'Größe 東京 🚀',
    empty: '',
    newline: 'a\nb\0c',
  };

  test('every octet of a value survives', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { metadata: nasty });
    const bytes = harness.send(packet({ name: `a.${app}`, type: 16 })) ?? Buffer.alloc(0);
    // Behind the question: pointer, type, class, TTL, length.
    const data = bytes.subarray(12 + 19 + 4 + 12);
    expect(stringsOf(data).map(String)).toEqual(Object.entries(nasty).map(([key, value]) => `${key}=${value}`));
  });

  test('an app’s TXT is a record an instance that takes traffic, each naming its own', () => {
    const harness = new Harness();
    harness.register('orders.prod/Web 1', { metadata: { team: 'pay' } });
    harness.register('orders.prod/b', { metadata: { team: 'pay' } });
    harness.register('orders.prod/c', { status: 'waiting' });
    expect(harness.data(app, 'TXT')).toEqual(['"instance=b" "team=pay"', '"instance=web-1" "team=pay"']);
    // The name that a record gives is one that has the same metadata.
    expect(harness.data(`web-1.${app}`, 'TXT')).toEqual(['"team=pay"']);
    expect(harness.data(`c.${app}`, 'TXT')).toEqual([]);
    expect(harness.data(`b.${app}`, 'TXT')).toEqual(['"team=pay"']);
    harness.patch('orders.prod/b', { metadata: { team: null, on: 'call' } });
    expect(harness.data(`b.${app}`, 'TXT')).toEqual(['"on=call"']);
  });

  test('what is left out is in _why, by key and instance', () => {
    const harness = new Harness();
    harness.register('orders.prod/a', { metadata: { note: `${'x'.repeat(255)}role=admin`, Team: 'pay', team: 'ops' } });
    expect(harness.data(`a.${app}`, 'TXT')).toEqual(['"Team=pay"']);
    const why = harness.data(`_why.a.${app}`, 'TXT').find((line) => line.startsWith('"TXT'));
    expect(why).toContain('note of a');
    expect(why).toContain('team of a');
    expect(harness.data(`_why.a.${app}`, 'TXT').find((line) => line.startsWith('"A'))).not.toContain('note of a');
  });

  test('more than fits a datagram sets TC, with the records that fit, and TCP brings all', () => {
    const harness = new Harness();
    for (const id of ['a', 'b', 'c', 'd'])
      harness.register(`orders.prod/${id}`, { metadata: { k: 'x'.repeat(200), l: 'y'.repeat(200) } });
    const udp = harness.query(app, 'TXT', { edns: true });
    expect(udp).toMatchObject({ tc: true, answer: { length: 2 } });
    expect(udp.octets).toBeLessThanOrEqual(1232);
    expect(harness.query(app, 'TXT', { tcp: true })).toMatchObject({ tc: false, answer: { length: 4 } });
  });
});
