// Wrong credentials of one client: so many at once, and one more every two seconds; what is beyond is answered 429 and is
// not looked at, so that secrets cannot be tried out, nor signatures checked, at the speed of the network. Credentials
// that were right before go on, or one broken client behind a proxy would lock out all others there.
// Limit: `clientsMax` clients; one that is forgotten begins anew.

import type { Principal } from '../../model/principal.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ClientRates } from '../limits/client-rate.ts';

const clientsMax = 16_384;
const rate = { perSecond: 0.5, burst: 20 };

export class WrongCredentials {
  readonly #clock: Clock;
  readonly #rates = new ClientRates(rate, clientsMax);
  readonly #proven = new WeakSet<Principal>();
  #hasAny = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that a client has to wait before what it shows is looked at; 0: it need not. Hot. */
  waitMs(client: () => string): number {
    return this.#hasAny ? this.#rates.peek(client(), this.#clock.monotonicMs()) : 0;
  }

  wrong(client: string): void {
    this.#hasAny = true;
    this.#rates.take(client, this.#clock.monotonicMs());
  }

  /** Whether the credential of this principal counts now; it does from then on, whatever others of its client show. */
  admits(principal: Principal, client: () => string): boolean {
    if (this.#proven.has(principal)) return true;
    if (this.waitMs(client) > 0) return false;
    this.#proven.add(principal);
    return true;
  }
}
