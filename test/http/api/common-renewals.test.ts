// The quick way to read a body of renewals: what it takes, JSON.parse reads in the same way; the rest it leaves alone.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCommonRenewals } from '../../../src/http/api/common-renewals.ts';
import { findJsonFault } from '../../../src/http/server/json-scan.ts';

const one = { env: 'prod', appid: 'orders', instance: 'a1' };

describe('the usual body', () => {
  test.each<[what: string, text: string, count: number]>([
    ['as JSON.stringify writes it', JSON.stringify({ instances: [one, one] }), 2],
    ['over several lines', JSON.stringify({ instances: [one] }, undefined, 2), 1],
    ['with a space behind colons and commas', JSON.stringify({ instances: [one] }).replaceAll(/([:,])/g, '$1 '), 1],
    ['with names outside ASCII', '{"instances":[{"env":"","appid":"zoë","instance":"\u{1F600}"}]}', 1],
    ['with space around', ` \r\n\t${JSON.stringify({ instances: [one] })}\n`, 1],
  ])('is read %s', (_what, text, count) => {
    const entries = readCommonRenewals(text)?.entries ?? [];
    expect(entries).toHaveLength(count);
    const { instances } = JSON.parse(text) as { instances: unknown[] };
    expect(entries.map(({ env, appid, instance }) => ({ env, appid, instance }))).toEqual(instances);
    expect(entries.map((entry) => JSON.parse(`{${entry.text}}`) as unknown)).toEqual(instances);
  });

  test.each<[what: string, text: string]>([
    ['nothing', ''],
    ['another call', '{}'],
    ['no instance', '{"instances":[]}'],
    ['fields in another order', '{"instances":[{"appid":"orders","env":"prod","instance":"a1"}]}'],
    ['a field less', '{"instances":[{"env":"prod","appid":"orders"}]}'],
    ['a field more', '{"instances":[{"env":"prod","appid":"orders","instance":"a1","x":1}]}'],
    ['a field twice', '{"instances":[{"env":"prod","env":"prod","appid":"orders","instance":"a1"}]}'],
    ['a number', '{"instances":[{"env":"prod","appid":"orders","instance":1}]}'],
    ['an escape', '{"instances":[{"env":"prod","appid":"orders","instance":"a\\u0031"}]}'],
    ['a line break in a name', '{"instances":[{"env":"prod","appid":"orders","instance":"a\n1"}]}'],
    ['a comma too many', '{"instances":[{"env":"prod","appid":"orders","instance":"a1"},]}'],
    ['a field beside the list', '{"instances":[{"env":"prod","appid":"orders","instance":"a1"}],"x":1}'],
    ['text behind it', '{"instances":[{"env":"prod","appid":"orders","instance":"a1"}]} x'],
    ['a byte order mark', '\uFEFF{"instances":[{"env":"prod","appid":"orders","instance":"a1"}]}'],
    ['a body that ends early', '{"instances":[{"env":"prod","appid":"orders","instance":"a1"}'],
  ])('is not one with %s', (_what, text) => {
    expect(readCommonRenewals(text)).toBeUndefined();
  });

  test('is JSON without a fault, after any change to it', () => {
    const text = JSON.stringify({ instances: [one, { ...one, instance: 'a-2' }] });
    const piece = fc.constantFrom('"', '\\', ',', ':', '{', '}', '[', ']', ' ', '\n', '\0', 'é', '"env"', '"x":1,');
    const place = fc.nat(text.length);
    fc.assert(
      fc.property(place, fc.nat(3), piece, (at, dropped, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + dropped);
        const entries = readCommonRenewals(changed)?.entries;
        if (entries === undefined) return;
        expect(findJsonFault(changed, 32)).toBeUndefined();
        const keys = entries.map(({ env, appid, instance }) => ({ env, appid, instance }));
        expect(JSON.parse(changed)).toEqual({ instances: keys });
      }),
      { numRuns: 2000 },
    );
  });
});
