// One instance in the registry for as long as its program wants it there: registered, renewed a little before a third of
// the lease has passed (each client at another moment), registered again when the registry does not know it any more,
// tried again and again while the registry is unavailable. A registration that is wrong is not tried again; a token that
// is refused is. Once drained it stays out of the answers: it is registered again as `waiting`.
// Where a renewal shows another revision, the instance is read: if another registration has taken the name, it is left
// alone until the name is free again.
// Calls are made one after the other, so that no late registration overtakes a drain or a cancellation.

import { deadline, pause, type Scheduler, untilAborted } from '../../runtime/scheduler.ts';
import { Latch, type WaitOptions } from '../latch.ts';
import type { RegistryLink } from '../registry/registry-link.ts';
import { type DoneReply, type FailedReply, isUnknownInstance } from '../registry/reply.ts';
import { RollcallError } from '../rollcall-error.ts';
import { TypedEmitter } from '../typed-emitter.ts';
import { type InstancePath, instancePathOf } from './instance-path.ts';
import {
  type CancelOptions,
  type CancelResult,
  cancelOwn,
  cancelTimeoutMs,
  type DrainOptions,
  type DrainResult,
  drainOwn,
  drainTimeoutMs,
} from './leaving.ts';
import { OwnInstance, type Presence } from './own-instance.ts';
import { isPermanent, jittered, renewEveryMs, retryMs } from './pace.ts';
import { type Registration, type RegistrationChanges, registrationBody } from './registration.ts';
import { leaseSecondsOf, type RegistrationReply, registrationReplyOf } from './registration-reply.ts';

/** `replaced`: another registration has the name. */
export type MembershipState = 'registering' | 'registered' | 'replaced' | 'refused' | 'cancelled';

export interface MembershipEvents {
  /** After each registration, the first one and later ones. */
  registered: [reply: RegistrationReply];
  /** The registry has accepted a renewal of the lease. */
  renewed: [];
  /** The registry does not know the instance any more; it is being registered again. */
  forgotten: [];
  /** Another registration has taken the name. It is left alone; once the name is free, the instance is registered again. */
  replaced: [];
  /** It has left all answers, by `drain` or `leave`. */
  drained: [];
  /** A call failed and will be made again. */
  trouble: [reason: string];
  /** The registration is refused, and is not tried again. */
  refused: [error: RollcallError];
}

export interface MembershipDeps {
  readonly link: RegistryLink;
  readonly scheduler: Scheduler;
  readonly random: () => number;
  /** It has ended; called once. */
  readonly onEnd: () => void;
}

export class Membership extends TypedEmitter<MembershipEvents> implements AsyncDisposable {
  readonly path: InstancePath;
  readonly #deps: MembershipDeps;
  readonly #own: OwnInstance;
  /** Ends the pauses and, once a call has come back, the work. */
  readonly #stop = new AbortController();
  /** Ends the calls as well. */
  readonly #abandon = new AbortController();
  readonly #running: Promise<void>;
  #registration: Registration;
  #latch: Latch;
  #state: MembershipState = 'registering';
  /** The registry has the registration as it is now. */
  #isCurrent = false;
  #registering: Promise<unknown> = Promise.resolve();
  #wake = new AbortController();
  #renewEveryMs: number;
  #ttlMs: number;
  #failures = 0;
  #lastProblem = 'no answer yet';

  /** Throws `invalid`. */
  constructor(registration: Registration, deps: MembershipDeps) {
    super();
    this.path = instancePathOf(registration);
    this.#registration = registration;
    this.#deps = deps;
    this.#own = new OwnInstance(deps.link, this.path.apiPath, () => this.#replaced());
    this.#latch = new Latch(deps.scheduler);
    this.#renewEveryMs = renewEveryMs(registration.leaseSeconds ?? 90);
    this.#ttlMs = (registration.dnsTtl ?? 5) * 1000;
    this.#running = this.#keep();
  }

  /** As the registry's last reply left it. */
  get state(): MembershipState {
    return this.#state;
  }

  /** Resolves when the registry has the registration as it is now. Errors: `refused`, `timeout`, `closed`. */
  registered(options: WaitOptions = {}): Promise<void> {
    return this.#latch.wait(options, () => `Cannot register ${this.path.name}: ${this.#lastProblem}`);
  }

  /** Registers with other fields; resolves when the registry has them. Errors: those of `registered`. */
  update(changes: RegistrationChanges, options: WaitOptions = {}): Promise<void> {
    this.#registration = { ...this.#registration, ...changes };
    if (this.#stop.signal.aborted || this.#state === 'refused') return this.registered(options);
    this.#outdate();
    this.#wake.abort();
    return this.registered(options);
  }

  /**
   * Takes it out of all answers; resolves when no resolver can hold one with it, or with `safe: false` when the time is
   * over or the registry refuses. It stays registered; `update({ status: 'up' })` brings it back. Errors: `closed`.
   */
  async drain(options: DrainOptions = {}): Promise<DrainResult> {
    if (this.#state !== 'refused' && this.#stop.signal.aborted) throw this.#closed('drain');
    const { scheduler } = this.#deps;
    const { timeoutMs = drainTimeoutMs, signal } = options;
    const startedMs = scheduler.nowMs();
    this.#registration = { ...this.#registration, status: 'waiting' };
    // A registration in progress would bring it back.
    const limit = deadline(scheduler, timeoutMs, 'the time for the drain is over', signal);
    await Promise.race([this.#registering, untilAborted(limit.signal)]);
    limit.clear();
    signal?.throwIfAborted();
    // What was never registered was never in an answer.
    if (!this.#own.mayBeRegistered && this.#state !== 'replaced')
      return { safe: true, safeToStopAt: undefined, problem: undefined };
    const leftMs = Math.max(0, timeoutMs - (scheduler.nowMs() - startedMs));
    const drained = { ttlMs: () => this.#ttlMs, onDrained: () => this.emit('drained') };
    return drainOwn(this.#own, { ...options, timeoutMs: leftMs }, { ...this.#deps, ...drained });
  }

  /** Takes it out of the registry, without a drain. Never rejects. */
  async cancel(options: CancelOptions = {}): Promise<CancelResult> {
    const { timeoutMs = cancelTimeoutMs } = options;
    const { scheduler } = this.#deps;
    const endMs = scheduler.nowMs() + timeoutMs;
    // A call in progress would arrive later; half of the time is for the cancellation itself.
    const cancelTimer = scheduler.after(timeoutMs / 2, () => this.#abandon.abort(), true);
    await this.#end();
    cancelTimer();
    const isNone = !this.#own.mayBeRegistered;
    const leftMs = Math.max(0, endMs - scheduler.nowMs());
    const result = isNone
      ? { gone: true, problem: undefined }
      : await cancelOwn(this.#own, { ...options, timeoutMs: leftMs }, this.#deps);
    this.#state = 'cancelled';
    return result;
  }

  /** Drains, then cancels: what a program does before it stops. Errors: those of `drain`. */
  async leave(options: DrainOptions = {}): Promise<DrainResult> {
    const result = await this.drain(options);
    await this.cancel({ signal: options.signal, reason: options.reason });
    return result;
  }

  /** Stops renewing without a cancellation: the lease ends it. Never rejects. */
  async abandon(): Promise<void> {
    this.#abandon.abort();
    await this.#end();
    this.removeAllListeners();
  }

  /** Cancels it, unless it has ended already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stop.signal.aborted) await this.cancel();
    await this.abandon();
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    this.#latch.fail(this.#closed('register'));
    await this.#running;
    this.#deps.onEnd();
  }

  #closed(what: string): RollcallError {
    return new RollcallError('closed', `Cannot ${what} ${this.path.name}: its registration has been ended`);
  }

  async #keep(): Promise<void> {
    while (!this.#stop.signal.aborted && this.#state !== 'refused') {
      const step =
        this.#state === 'replaced' ? this.#awaitName() : this.#isCurrent ? this.#renew() : this.#registerNow();
      const failed = await step;
      if (failed === undefined) {
        this.#failures = 0;
        // Where the registration was changed meanwhile, the new one is sent at once.
        if (this.#isCurrent || this.#state === 'replaced')
          await this.#pause(jittered(this.#renewEveryMs, this.#deps.random));
      } else if (failed !== 'again' && !this.#isRefusal(failed)) await this.#waitAfter(failed);
    }
  }

  /** Undefined: done; `again`: the next step follows at once. */
  async #renew(): Promise<FailedReply | 'again' | undefined> {
    const { link } = this.#deps;
    const reply = await link.call({ method: 'PUT', path: `${this.path.apiPath}/renew` }, this.#abandon.signal);
    if (isUnknownInstance(reply)) return this.#forgotten();
    if (reply.kind !== 'done') return reply;
    const leaseSeconds = leaseSecondsOf(reply.document);
    if (leaseSeconds !== undefined) this.#renewEveryMs = renewEveryMs(leaseSeconds);
    this.emit('renewed');
    if (!this.#own.isChanged(reply)) return undefined;
    const presence = await this.#own.look(this.#abandon.signal);
    return presence === 'absent' ? this.#forgotten() : undefined;
  }

  async #registerNow(): Promise<FailedReply | 'again' | undefined> {
    const sent = this.#registration;
    const body = registrationBody(sent);
    this.#own.sends(sent.addrs);
    const { link } = this.#deps;
    const signal = this.#abandon.signal;
    const put = (): Promise<DoneReply | FailedReply> =>
      link.call({ method: 'PUT', path: this.path.apiPath, body }, signal);
    const asked = this.#state === 'registered' ? this.#own.write({ method: 'PUT', path: '', body }, signal) : put();
    this.#registering = asked;
    return this.#registrationAnswered(sent, await asked);
  }

  #registrationAnswered(
    sent: Registration,
    reply: DoneReply | FailedReply | Exclude<Presence, 'ours'>,
  ): FailedReply | 'again' | undefined {
    if (reply === 'absent') return this.#forgotten();
    if (reply === 'replaced') return undefined;
    if (reply.kind !== 'done') {
      if (!reply.isUnapplied) this.#own.mayBeRegistered = true;
      return reply;
    }
    this.#own.registered(sent.addrs, reply);
    const document = registrationReplyOf(reply.document, sent.leaseSeconds);
    this.#renewEveryMs = renewEveryMs(document.leaseSeconds);
    this.#ttlMs = document.dnsTtl * 1000;
    this.#state = 'registered';
    this.#isCurrent = sent === this.#registration;
    this.emit('registered', document);
    if (this.#isCurrent) this.#latch.open();
    return undefined;
  }

  /** While another registration has the name. */
  async #awaitName(): Promise<FailedReply | 'again' | undefined> {
    const presence = await this.#own.look(this.#abandon.signal);
    if (presence === 'replaced') return undefined;
    if (typeof presence === 'object') return presence;
    this.#state = 'registering';
    return 'again';
  }

  /** The registry does not have the registration as it is now. */
  #outdate(): void {
    this.#isCurrent = false;
    if (this.#latch.isOpen) this.#latch = new Latch(this.#deps.scheduler);
  }

  #forgotten(): 'again' {
    this.#own.mayBeRegistered = false;
    this.#outdate();
    this.#state = 'registering';
    this.emit('forgotten');
    return 'again';
  }

  #replaced(): void {
    if (this.#state === 'replaced') return;
    this.#outdate();
    this.#state = 'replaced';
    this.#lastProblem = 'another registration has taken the name';
    this.emit('replaced');
  }

  /** True: it was refused for good. */
  #isRefusal(reply: FailedReply): boolean {
    if (!isPermanent(reply)) return false;
    const error = new RollcallError('refused', reply.text, reply);
    this.#state = 'refused';
    this.#latch.fail(error);
    this.emit('refused', error);
    return true;
  }

  async #waitAfter(reply: FailedReply): Promise<void> {
    this.#failures++;
    this.#lastProblem = reply.text;
    if (!this.#stop.signal.aborted) this.emit('trouble', reply.text);
    await this.#pause(retryMs(this.#failures, reply, this.#renewEveryMs, this.#deps.random));
  }

  /** Until the time has passed, there is something to send, or the end. */
  async #pause(ms: number): Promise<void> {
    if (this.#wake.signal.aborted && !this.#stop.signal.aborted) this.#wake = new AbortController();
    await pause(this.#deps.scheduler, ms, this.#wake.signal);
  }
}
