// TXT data of metadata: one string a key, cut at 255 octets, every octet as it was given (reference 46 and 104).

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characterStrings, metadataStrings } from '../../../src/dns/services/service-text.ts';
import { Harness } from '../../kit/harness.ts';
import { packet } from '../../kit/packet.ts';

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
    ['of 256 octets', { k: 'x'.repeat(254) }, [255, 1]],
    ['of 510 octets', { k: 'x'.repeat(508) }, [255, 255]],
    ['of 511 octets', { k: 'x'.repeat(509) }, [255, 255, 1]],
    ['of two keys', { k: 'x'.repeat(254), l: 'y' }, [255, 1, 3]],
    ['of UTF-8, counted in octets', { k: 'ü'.repeat(127) }, [255, 1]],
    ['of the most metadata that there may be', { k: 'x'.repeat(8191) }, [...Array<number>(32).fill(255), 33]],
  ])('%s', (_, metadata, lengths) => expect(lengthsOf(metadata)).toEqual(lengths));

  test('of an app begin with the instance', () => {
    expect(stringsOf(metadataStrings(['instance=a'], new Map([['k', 'v']]))).map(String)).toEqual([
      'instance=a',
      'k=v',
    ]);
    expect(stringsOf(characterStrings(['x'.repeat(256), 'y'])).map(({ length }) => length)).toEqual([255, 1, 1]);
  });

  test('joined again are what was given, for any text', () => {
    const metadata = fc.dictionary(
      fc.stringMatching(/^[ -<>-~]{1,63}$/),
      fc.string({ unit: 'binary', maxLength: 700 }),
      {
        maxKeys: 5,
      },
    );
    fc.assert(
      fc.property(metadata, (values) => {
        const texts = Object.entries(values).map(([key, value]) => `${key}=${value}`);
        const strings = stringsOf(metadataStrings([], new Map(Object.entries(values))));
        expect(Buffer.concat(strings)).toEqual(Buffer.from(texts.join('')));
        if (texts.length > 0) expect(strings.every(({ length }) => length > 0)).toBe(true);
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

  test('more than fits a datagram sets TC, with the records that fit, and TCP brings all', () => {
    const harness = new Harness();
    for (const id of ['a', 'b', 'c', 'd']) harness.register(`orders.prod/${id}`, { metadata: { k: 'x'.repeat(400) } });
    const udp = harness.query(app, 'TXT', { edns: true });
    expect(udp).toMatchObject({ tc: true, answer: { length: 2 } });
    expect(udp.octets).toBeLessThanOrEqual(1232);
    expect(harness.query(app, 'TXT', { tcp: true })).toMatchObject({ tc: false, answer: { length: 4 } });
  });
});
