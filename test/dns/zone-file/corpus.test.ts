// The corpus as we read it: every file of one half makes a zone, every file of the other has a fault with a place.

import { describe, expect, it } from 'vitest';
import { acceptedSyntax } from './corpus/accepted-syntax.ts';
import { acceptedTypes } from './corpus/accepted-types.ts';
import { refusedSyntax } from './corpus/refused-syntax.ts';
import { refusedTypes } from './corpus/refused-types.ts';
import { included } from './corpus/zone-text.ts';
import { check, faultsOf } from './zone-of.ts';

describe('a zone file is accepted', () => {
  it.each(Object.entries({ ...acceptedSyntax, ...acceptedTypes }))('%s', (_, text) => {
    expect(faultsOf(text)).toEqual([]);
  });
});

describe('a zone file is refused', () => {
  it.each(Object.entries({ ...refusedSyntax, ...refusedTypes }))('%s', (_, text) => {
    const { zone, faults } = check(text);
    expect(zone).toBeUndefined();
    expect(faults.length).toBeGreaterThan(0);
    for (const { file, line, column, message } of faults) {
      const lines = (file === 'z' ? text : (included[file] ?? '')).split('\n');
      expect(line).toBeLessThanOrEqual(Math.max(lines.length, 1));
      expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
      expect(message).toMatch(/^[\x20-\x7e]{5,300}$/);
    }
  });
});
