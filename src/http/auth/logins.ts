// Logging in with a name and a secret, for fronts whose clients do that and show a short token from then on (Nacos). A token
// has the rights of the credential behind it and ends with it. Wrong secrets count as wrong credentials of the client.

import { clientOf } from '../server/client-address.ts';
import type { Credentials } from './credentials.ts';
import type { WrongCredentials } from './wrong-credentials.ts';

export type LoginOutcome =
  | { readonly kind: 'granted'; readonly token: string; readonly expiresAtMs: number; readonly isAdmin: boolean }
  | { readonly kind: 'wrong' }
  /** The client has to wait: it has shown too much that was wrong. */
  | { readonly kind: 'limited'; readonly waitMs: number };

export class Logins {
  readonly #credentials: Credentials;
  readonly #wrong: WrongCredentials;

  constructor({ credentials, wrong }: { readonly credentials: Credentials; readonly wrong: WrongCredentials }) {
    this.#credentials = credentials;
    this.#wrong = wrong;
  }

  /** There are no credentials: every name and secret is taken, and no token needed. */
  get isOpen(): boolean {
    return this.#credentials.isOpen;
  }

  /** `address`: of the caller. The token counts for `ttlMs` at most. */
  login(name: string, secret: string, address: string, ttlMs: number): LoginOutcome {
    const client = clientOf(address);
    const waitMs = this.#wrong.waitMs(() => client);
    const principal = this.#credentials.byNameAndSecret(name, secret);
    if (principal === undefined) {
      if (waitMs > 0) return { kind: 'limited', waitMs };
      this.#wrong.wrong(client);
      return { kind: 'wrong' };
    }
    if (!this.#wrong.admits(principal, () => client)) return { kind: 'limited', waitMs };
    const { token, expiresAtMs } = this.#credentials.shortTokens.mint(principal, ttlMs);
    return { kind: 'granted', token, expiresAtMs, isAdmin: principal.may('admin') };
  }
}
