// Types by name and by number, in any case, known or not.

import { describe, expect, it } from 'vitest';
import { isMetaType, typeName, typeNumber } from '../../../src/dns/message/type-names.ts';

describe('type names', () => {
  it.each([
    ['A', 1],
    ['aaaa', 28],
    ['Https', 65],
    ['TYPE1', 1],
    ['type0028', 28],
    ['TYPE65535', 65_535],
    ['TYPE65536', undefined],
    ['TYPE', undefined],
    ['TYPE-1', undefined],
    ['TYPE1x', undefined],
    ['', undefined],
    ['FOO', undefined],
    ['toString', undefined],
  ])('%j is %s', (text, number) => {
    expect(typeNumber(text)).toBe(number);
  });

  it('lead back from every number', () => {
    for (let number = 0; number <= 65_535; number++) expect(typeNumber(typeName(number))).toBe(number);
  });

  it('are the registry spelling, or TYPEn', () => {
    expect([1, 23, 47, 65_280].map(typeName)).toEqual(['A', 'NSAP-PTR', 'NSEC', 'TYPE65280']);
  });

  it('of questions are not data', () => {
    expect([0, 41, 128, 249, 250, 251, 252, 255].every(isMetaType)).toBe(true);
    expect([1, 40, 42, 127, 256, 65_280].some(isMetaType)).toBe(false);
  });
});
