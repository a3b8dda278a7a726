// Who calls, and what that caller may do.

import { describe, expect, test } from 'vitest';
import { GrantedPrincipal, principalText, unauthenticated, unrestricted } from '../../src/model/principal.ts';

describe('a principal', () => {
  test('has the rights of all its grants together', () => {
    const deploy = new GrantedPrincipal('token', 'deploy', [
      { rights: ['read'] },
      { rights: ['register'], env: 'prod', app: 'orders' },
      { rights: ['operate'], env: 'qa' },
    ]);
    expect(deploy.may('read')).toBe(true);
    expect(deploy.may('register', 'prod', 'orders')).toBe(true);
    expect(deploy.may('register', 'prod', 'pay')).toBe(false);
    expect(deploy.may('register')).toBe(false);
    expect(deploy.may('operate', 'qa')).toBe(true);
    expect(deploy.may('operate')).toBe(false);
    expect(deploy.may('metrics')).toBe(false);
  });

  test('with admin has every right there', () => {
    const admin = new GrantedPrincipal('token', 'qa', [{ rights: ['admin'], env: 'qa' }]);
    for (const right of ['read', 'register', 'operate', 'admin'] as const) {
      expect(admin.may(right, 'qa', 'x')).toBe(true);
      expect(admin.may(right, 'prod', 'x')).toBe(false);
    }
  });

  test('is over when its time has come, or when it is revoked', () => {
    const limited = new GrantedPrincipal('token', 'a', [], { expiresAtMs: 1000 });
    expect(limited.isOver(999)).toBe(false);
    expect(limited.isOver(1000)).toBe(true);
    const revoked = new GrantedPrincipal('token', 'b', []);
    expect(revoked.isOver(1e15)).toBe(false);
    revoked.revoke();
    expect(revoked.isOver(0)).toBe(true);
  });

  test('that is unrestricted may all, one without credentials nothing', () => {
    expect(unrestricted('token', 'old').may('admin')).toBe(true);
    expect(unauthenticated.may('read', 'prod', 'orders')).toBe(false);
    expect(unauthenticated.scope('read').isNowhere).toBe(true);
  });

  test('is named by kind and name', () => {
    expect(principalText(unrestricted('token', 'deploy'))).toBe('token deploy');
    expect(principalText(unauthenticated)).toBe('an anonymous caller');
  });
});
