// The registration of a program that knows nothing of it: the client's membership, with what happens to it in words. A
// trouble that goes on is reported once, and so is its end.

import type { DrainResult } from '../../client/registration/leaving.ts';
import { Membership } from '../../client/registration/membership.ts';
import type { Registration } from '../../client/registration/registration.ts';
import type { RegistryLink } from '../../client/registry/registry-link.ts';
import type { Scheduler } from '../../runtime/scheduler.ts';
import type { RunLog } from './log.ts';

export interface RegistrarDeps {
  readonly link: RegistryLink;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly log: RunLog;
}

/** `--drain-seconds 0` still takes it out of the answers: so long for the call itself. */
const drainMsLeast = 1000;

export class Registrar {
  readonly #deps: RegistrarDeps;
  readonly #registration: Registration;
  #membership: Membership | undefined;
  #isInTrouble = false;

  constructor(deps: RegistrarDeps, registration: Registration) {
    this.#deps = deps;
    this.#registration = registration;
  }

  /** Registers, and renews until `cancel`. */
  start(): void {
    const { log } = this.#deps;
    const membership = new Membership(this.#registration, { ...this.#deps, onEnd: () => {} });
    this.#membership = membership;
    membership
      .on('registered', ({ dnsNames }) => {
        this.#answered();
        log('notice', `registered, found as ${dnsNames[0] ?? membership.path.name}`);
      })
      .on('renewed', () => this.#answered())
      .on('trouble', (reason) => {
        const what = membership.state === 'registered' ? 'renew' : 'register';
        if (!this.#isInTrouble)
          log('warn', `cannot ${what}, trying again: ${reason} (--registry and ROLLCALL_URL name the servers)`);
        this.#isInTrouble = true;
      })
      .on('forgotten', () => log('warn', 'the registry does not know this instance any more: registering it again'))
      .on('replaced', () =>
        log(
          'warn',
          'another registration has taken this name: it is left alone, and this program is not in DNS until the name is free',
        ),
      )
      .on('refused', ({ message }) => log('warn', `not registered: ${message}`))
      .on('drained', () => log('notice', 'out of DNS; the program goes on until no resolver holds its address'));
  }

  /** Takes it out of the answers and waits until it is safe to stop; `interrupted` once the signal aborts. */
  async drain(timeoutMs: number, reason: string, signal: AbortSignal): Promise<DrainResult | 'interrupted'> {
    const membership = this.#membership;
    if (membership === undefined) return { safe: true, safeToStopAt: undefined, problem: undefined };
    try {
      return await membership.drain({ timeoutMs: Math.max(timeoutMs, drainMsLeast), reason, signal });
    } catch (error) {
      if (signal.aborted) return 'interrupted';
      throw error;
    }
  }

  /** Ends the renewals and takes it out of the registry; gives up after 5 s. */
  async cancel(reason: string): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    const { gone, problem = '' } = await membership.cancel({ reason });
    if (gone) this.#deps.log('step', 'out of the registry');
    else this.#deps.log('warn', `cannot cancel the registration, it ends with its lease: ${problem}`);
  }

  #answered(): void {
    if (this.#isInTrouble) this.#deps.log('warn', 'the registry answers again');
    this.#isInTrouble = false;
  }
}
