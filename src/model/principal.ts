// Who calls, and what that caller may do. There is one path from credentials to a principal (http/auth/auth.ts for
// HTTP), and every write passes `may` in control; reads are narrowed to `scope('read')`. Rights hold for apps by patterns of
// env and app (scope.ts), several grants add up, and `admin` includes all rights.
// A principal is an object of one credential: when that expires or is withdrawn, `isOver` is true, and what is open in its
// name has to end.

import type { PrincipalKind } from './change.ts';
import { type AppPattern, type AppScope, everywhere, scopeOf } from './scope.ts';

export const Right = ['read', 'register', 'operate', 'metrics', 'admin'] as const;
export type Right = (typeof Right)[number];

/** Rights at a place; a grant without env and app holds everywhere. */
export interface Grant extends AppPattern {
  readonly rights: readonly Right[];
}

/** All callers by the credentials of one entry count together. */
export interface Quota {
  readonly entry: string;
  readonly instancesMax: number;
}

export interface Principal {
  readonly kind: PrincipalKind;
  /** Of a token, a file or a peer; empty where the kind is enough. */
  readonly name: string;
  readonly grants: readonly Grant[];
  /** Wall-clock milliseconds; undefined: it does not expire by itself. */
  readonly expiresAtMs: number | undefined;
  /** How many instances it may have registered at a time; undefined: as many as the registry takes. */
  readonly quota: Quota | undefined;
  /** What is left out means all: `may('read')` is read everywhere, `may('read', 'prod')` all apps of prod. */
  may(right: Right, env?: string, appid?: string, instance?: string): boolean;
  /** Where it has the right. */
  scope(right: Right): AppScope;
  /** Its credential has expired, or was withdrawn. */
  isOver(wallMs: number): boolean;
}

export interface PrincipalLimits {
  readonly expiresAtMs?: number | undefined;
  readonly quota?: Quota | undefined;
  /** It ends with this one: of a token that was made for another credential. */
  readonly under?: Principal | undefined;
}

/** A principal with grants of its own. */
export class GrantedPrincipal implements Principal {
  readonly kind: PrincipalKind;
  readonly name: string;
  readonly grants: readonly Grant[];
  readonly expiresAtMs: number | undefined;
  readonly quota: Quota | undefined;
  readonly #under: Principal | undefined;
  readonly #scopes = new Map<Right, AppScope>();
  #isRevoked = false;

  constructor(kind: PrincipalKind, name: string, grants: readonly Grant[], limits: PrincipalLimits = {}) {
    this.kind = kind;
    this.name = name;
    this.grants = grants;
    this.expiresAtMs = limits.expiresAtMs;
    this.quota = limits.quota;
    this.#under = limits.under;
  }

  may(right: Right, env?: string, appid?: string): boolean {
    const scope = this.scope(right);
    if (scope.isEverywhere || env === undefined) return scope.isEverywhere;
    return appid === undefined ? scope.coversEnv(env) : scope.covers(env, appid);
  }

  scope(right: Right): AppScope {
    let scope = this.#scopes.get(right);
    if (scope === undefined) {
      scope = scopeOf(this.grants.filter(({ rights }) => rights.includes(right) || rights.includes('admin')));
      this.#scopes.set(right, scope);
    }
    return scope;
  }

  isOver(wallMs: number): boolean {
    if (this.#isRevoked || (this.expiresAtMs !== undefined && this.expiresAtMs <= wallMs)) return true;
    return this.#under?.isOver(wallMs) === true;
  }

  /** Its credential counts no longer. */
  revoke(): void {
    this.#isRevoked = true;
  }
}

export const allRights: readonly Grant[] = [{ rights: ['admin'] }];

/** A principal that may do everything. */
export function unrestricted(kind: PrincipalKind, name = ''): Principal {
  return {
    kind,
    name,
    grants: allRights,
    expiresAtMs: undefined,
    quota: undefined,
    may: () => true,
    scope: () => everywhere,
    isOver: () => false,
  };
}

/** A principal that may do nothing: a caller that has shown no credentials where some are needed. */
export const unauthenticated: Principal = new GrantedPrincipal('anonymous', '', []);

/** As refusals name it: `token deploy`, `an anonymous caller`. */
export function principalText({ kind, name }: Pick<Principal, 'kind' | 'name'>): string {
  return name === '' ? `${kind === 'anonymous' ? 'an' : 'the'} ${kind} caller` : `${kind} ${name}`;
}
