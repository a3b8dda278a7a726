// Tokens that a server makes for a caller that has logged in, for clients that show their name and secret once and a
// token from then on (Nacos). A token has the rights of the credential behind it, ends with it, and is known by its digest
// alone. They live in memory: after a restart, clients log in again.
// Limit: `tokensMax`; the one that was used least lately is forgotten, and its client logs in again.

import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GrantedPrincipal, type Principal } from '../../model/principal.ts';

const tokensMax = 10_000;
const tokenOctets = 24;
/** Shows what it is, where it is met in a log of another system. */
const prefix = 'rcs_';

export class ShortTokens {
  readonly #wallMs: () => number;
  readonly #principals = new LRUCache<string, Principal>({ max: tokensMax });

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /** A token with the rights of `principal`, for `ttlMs` at most. */
  mint(principal: Principal, ttlMs: number): { readonly token: string; readonly expiresAtMs: number } {
    const token = `${prefix}${randomBytes(tokenOctets).toString('base64url')}`;
    const expiresAtMs = Math.min(this.#wallMs() + ttlMs, principal.expiresAtMs ?? Number.POSITIVE_INFINITY);
    const { kind, name, grants, quota } = principal;
    const own = new GrantedPrincipal(kind, name, grants, { expiresAtMs, quota, under: principal });
    this.#principals.set(hash('sha256', token), own);
    return { token, expiresAtMs };
  }

  find(token: string): Principal | undefined {
    return token.startsWith(prefix) ? this.#principals.get(hash('sha256', token)) : undefined;
  }
}
