// The scanner in front of JSON.parse: same verdict on what is JSON, stricter on what is unwise.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findJsonFault, positionOf } from '../../../src/http/server/json-scan.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('findJsonFault', () => {
  test('accepts what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        // The only faults left are those JSON.parse does not know.
        const fault = findJsonFault(text, 32);
        return fault === undefined || /__proto__|surrogate/.test(fault.reason);
      }),
    );
  });

  test('refuses what JSON.parse refuses, and accepts what it accepts', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '"b\\n"',
      '"\\u00e9"',
      '"',
      '\\',
      '1',
      '-0',
      '0.5e-3',
      '01',
      '.',
      'true',
      'nul',
      ' ',
      '\n',
      '\u007f',
      'é',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const fault = findJsonFault(text, 32);
        if (fault !== undefined && /twice/.test(fault.reason)) return true;
        return (fault === undefined) === parses(text);
      }),
      { numRuns: 5000 },
    );
  });

  test('counts arrays and objects as levels', () => {
    expect(findJsonFault('[[{"a":[]}]]', 4)).toBeUndefined();
    expect(findJsonFault('[[{"a":[]}]]', 3)).toEqual({
      reason: 'arrays and objects are nested deeper than 3',
      offset: 7,
    });
  });

  test.each([
    '['.repeat(2_000_000),
    '{"a":'.repeat(2_000_000),
    `"${'\\u0041'.repeat(2_000_000)}`,
    '1'.repeat(2_000_000),
    ' '.repeat(2_000_000),
  ])('reads a long text once: for each octet again it would not end (%#)', (text) => {
    expect(findJsonFault(text, 32)).toBeDefined();
  });
});

test('a place is a line and a column, both from 1', () => {
  expect(positionOf('abc', 0)).toBe('line 1, column 1');
  expect(positionOf('a\nbc', 3)).toBe('line 2, column 2');
  expect(positionOf('a\n', 2)).toBe('line 2, column 1');
});
