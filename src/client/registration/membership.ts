// One instance in the registry, for as long as its program wants it there: registered, renewed at a third of the lease, a
// little before it is due and each instance at another moment, registered again when the registry has forgotten it, tried
// again and again while the registry is away. A registration that is wrong is not tried again; a token that is refused is.
// Once drained it stays out of the answers: a registry that has to be told anew is told `waiting`.
// Calls are made one after the other, so that no late registration overtakes a cancel.

import { backOffMs } from '../registry/back-off.ts';
import type { RegistryLink } from '../registry/registry-link.ts';
import type { Document, Reply } from '../registry/reply.ts';
import { RollcallError } from '../rollcall-error.ts';
import { Speaker } from '../speaker.ts';
import { pause, type Time } from '../time.ts';
import { Happening, type WaitOptions } from '../waiting.ts';
import { type CancelOptions, cancelAt, type DrainOptions, type DrainResult, drainAt } from './leaving.ts';
import { type Place, placeOf, type Registration, type RegistrationChanges } from './registration.ts';

export type MembershipState = 'registering' | 'registered' | 'refused' | 'cancelled';

export interface MembershipEvents {
  /** With the registry's reply: names, lease, how to renew by hand. Told after each registration. */
  registered: [reply: Document];
  renewed: [];
  /** The registry did not know the instance any more; it is being registered again. */
  forgotten: [];
  /** A call failed and will be made again. */
  trouble: [reason: string];
  /** The registration is not taken, and is not tried again. */
  refused: [error: RollcallError];
}

export interface MembershipDeps {
  readonly link: RegistryLink;
  readonly time: Time;
  readonly random: () => number;
  /** It is over; called once. */
  readonly onEnd: () => void;
}

const backOff = { leastMs: 500, mostMs: 15_000 };
/** What comes of these may be another thing later: the token, the room, or what a zone file has. */
const passingStatuses: ReadonlySet<number> = new Set([401, 403, 404]);

export class Membership extends Speaker<MembershipEvents> {
  readonly place: Place;
  readonly #deps: MembershipDeps;
  /** Ends the pauses and, once a call has come back, the work. */
  readonly #stop = new AbortController();
  /** Ends the calls as well. */
  readonly #abandon = new AbortController();
  readonly #running: Promise<void>;
  #registration: Registration;
  #told: Happening;
  #state: MembershipState = 'registering';
  /** The registry has what is to be said. */
  #isTold = false;
  #wake = new AbortController();
  #renewEveryMs: number;
  #lastReason = 'no answer yet';

  constructor(registration: Registration, deps: MembershipDeps) {
    super();
    this.place = placeOf(registration);
    this.#registration = registration;
    this.#deps = deps;
    this.#told = new Happening(deps.time);
    this.#renewEveryMs = ((registration.leaseSeconds ?? 90) * 1000) / 3;
    this.#running = this.#keep();
  }

  get state(): MembershipState {
    return this.#state;
  }

  /** Resolves when the registry has what was said last. Errors: `refused`, `late`, `closed`. */
  registered(options: WaitOptions = {}): Promise<void> {
    const { env, appid, instance } = this.place;
    return this.#told.wait(options, () => `Cannot register ${env}/${appid}/${instance}: ${this.#lastReason}`);
  }

  /** Registers with other fields; resolves when the registry has them. Errors as with `registered`. */
  update(changes: RegistrationChanges, options: WaitOptions = {}): Promise<void> {
    this.#registration = { ...this.#registration, ...changes };
    if (this.#stop.signal.aborted || this.#state === 'refused') return this.registered(options);
    this.#isTold = false;
    if (this.#told.isDone) this.#told = new Happening(this.#deps.time);
    this.#wake.abort();
    return this.registered(options);
  }

  /**
   * Out of all answers; resolves when no resolver can hold one with it, or with `safe: false` when the time is over. It
   * stays registered and takes traffic again by `update({ status: 'up' })`. Errors: `refused`, `closed`.
   */
  async drain(options: DrainOptions = {}): Promise<DrainResult> {
    // What was never taken has never been handed out.
    if (this.#state === 'refused') return { safe: true, safeToStopAt: undefined };
    if (this.#stop.signal.aborted) throw this.#closed('drain');
    this.#registration = { ...this.#registration, status: 'waiting' };
    return drainAt(this.place, options, this.#deps, () => {
      // Forgotten meanwhile: it has to be known to be drained.
      this.#isTold = false;
      this.#wake.abort();
    });
  }

  /** Out of the registry. True: it is; false: the registry could not be told, and the lease will end it. */
  async cancel(options: CancelOptions = {}): Promise<boolean> {
    await this.#end();
    const isGone = await cancelAt(this.place, options, this.#deps);
    this.#state = 'cancelled';
    return isGone;
  }

  /** Drains, then cancels: what a program does before it stops. */
  async leave(options: DrainOptions = {}): Promise<DrainResult> {
    const result = await this.drain(options);
    await this.cancel(options.signal === undefined ? {} : { signal: options.signal });
    return result;
  }

  /** Renews no more and tells the registry nothing: the lease will end it. */
  async abandon(): Promise<void> {
    this.#abandon.abort();
    await this.#end();
    this.fallSilent();
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    this.#told.fail(this.#closed('register'));
    await this.#running;
    this.#deps.onEnd();
  }

  #closed(what: string): RollcallError {
    const { env, appid, instance } = this.place;
    return new RollcallError('closed', `Cannot ${what} ${env}/${appid}/${instance}: its registration has been ended`);
  }

  async #keep(): Promise<void> {
    const { link, random } = this.#deps;
    const { path } = this.place;
    let failures = 0;
    while (!this.#stop.signal.aborted && this.#state !== 'refused') {
      const isRenewal = this.#isTold;
      const said = this.#registration;
      const call = isRenewal ? { path: `${path}/renew` } : { path, body: bodyOf(said) };
      const reply = await link.call({ method: 'PUT', ...call }, this.#abandon.signal);
      if (reply.kind === 'done') {
        failures = 0;
        if (isRenewal) this.tell('renewed');
        else this.#wasTold(reply.document, said);
        // Something else was to be said meanwhile: at once.
        if (this.#isTold) await this.#pause(this.#renewEveryMs * (0.8 + 0.2 * random()));
      } else if (isRenewal && reply.kind === 'refused' && reply.status === 404) {
        this.#isTold = false;
        this.tell('forgotten');
      } else if (!this.#isRefusal(reply)) {
        failures++;
        this.#lastReason = reply.text;
        if (!this.#stop.signal.aborted) this.tell('trouble', reply.text);
        // Near the end of the lease the next renewal comes soon, however often it failed.
        const ownMs = backOffMs(failures, { ...backOff, mostMs: Math.min(backOff.mostMs, this.#renewEveryMs) }, random);
        await this.#pause(Math.max(ownMs, reply.kind === 'busy' ? (reply.waitMs ?? 0) : 0));
      }
    }
  }

  #wasTold(reply: Document, said: Registration): void {
    const { renewEverySeconds } = reply;
    if (typeof renewEverySeconds === 'number' && renewEverySeconds > 0) this.#renewEveryMs = renewEverySeconds * 1000;
    this.#state = 'registered';
    this.#isTold = said === this.#registration;
    this.tell('registered', reply);
    if (this.#isTold) this.#told.done();
  }

  /** True: it was refused for good. */
  #isRefusal(reply: Exclude<Reply, { readonly kind: 'done' }>): boolean {
    if (reply.kind !== 'refused' || passingStatuses.has(reply.status)) return false;
    const error = new RollcallError('refused', reply.text, { status: reply.status });
    this.#state = 'refused';
    this.#told.fail(error);
    this.tell('refused', error);
    return true;
  }

  /** Until the time has passed, there is something to say, or the end. */
  async #pause(ms: number): Promise<void> {
    if (this.#wake.signal.aborted && !this.#stop.signal.aborted) this.#wake = new AbortController();
    await pause(this.#deps.time, ms, this.#wake.signal);
  }
}

function bodyOf({ env: _env, appid: _appid, instance: _instance, ...fields }: Registration): Document {
  return fields;
}
