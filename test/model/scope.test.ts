// Where a right holds: patterns of env and app.

import { describe, expect, test } from 'vitest';
import { everywhere, matches, scopeOf } from '../../src/model/scope.ts';

describe('a pattern', () => {
  test.each([
    ['*', '', true],
    ['*', 'orders', true],
    ['orders', 'orders', true],
    ['orders', 'orders2', false],
    ['orders', 'order', false],
    ['team-*', 'team-a', true],
    ['team-*', 'team', false],
    ['*.acme', 'pay.acme', true],
    ['*.acme', 'acme', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c2b', false],
    ['**', 'x', true],
    ['a.c', 'abc', false],
  ])('%s and %s: %s', (pattern, text, isMatch) => {
    expect(matches(pattern, text)).toBe(isMatch);
  });

  test('of many stars takes no more steps than its length times that of the name', () => {
    expect(matches(`${'*a'.repeat(120)}b`, 'a'.repeat(253))).toBe(false);
  });
});

describe('a scope', () => {
  const scope = scopeOf([{ env: 'prod', app: 'orders' }, { env: 'team-*' }, { env: 'qa', app: 'web-*' }]);

  test('covers what one of its places does', () => {
    expect(scope.covers('prod', 'orders')).toBe(true);
    expect(scope.covers('prod', 'pay')).toBe(false);
    expect(scope.covers('team-a', 'anything')).toBe(true);
    expect(scope.covers('qa', 'web-1')).toBe(true);
    expect(scope.covers('dev', 'orders')).toBe(false);
  });

  test('covers an env where it covers all apps of it', () => {
    expect(scope.coversEnv('team-a')).toBe(true);
    expect(scope.coversEnv('prod')).toBe(false);
    expect(scope.touches('prod')).toBe(true);
    expect(scope.touches('dev')).toBe(false);
  });

  test('takes names in any case: what came may not be canonical yet', () => {
    expect(scope.covers('PROD', 'Orders')).toBe(true);
    expect(scopeOf([{ env: 'Prod' }]).covers('prod', 'x')).toBe(true);
  });

  test('of no place is nowhere, of one without patterns everywhere', () => {
    expect(scopeOf([]).isNowhere).toBe(true);
    expect(scopeOf([{ env: 'prod' }, {}])).toBe(everywhere);
    expect(scopeOf([{ env: '*', app: '*' }])).toBe(everywhere);
  });

  test('has the key of others that cover the same', () => {
    expect(scopeOf([{ env: 'a' }, { env: 'b' }]).key).toBe(scopeOf([{ env: 'B' }, { env: 'a' }]).key);
    expect(scopeOf([{ env: 'a' }]).key).not.toBe(scopeOf([{ app: 'a' }]).key);
    expect(everywhere.key).toBe('');
  });
});
