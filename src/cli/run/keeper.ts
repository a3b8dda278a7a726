// Keeps one registration alive for a program that knows nothing of it: registers, renews at a third of the lease with
// some jitter, registers again when the server has forgotten it, and goes on trying while no server answers. At the end
// it drains and cancels. What somebody else has registered under the same name since (a successor at another address)
// is left alone: writes that take away say which version they mean (If-Match).
// Time, chance and the network are handed in.

import type { ApiFault, ApiReply } from '../api-call.ts';
import { textField, textList } from '../document-fields.ts';
import { backOffMs } from './back-off.ts';
import type { Ask } from './registries.ts';
import type { Tell } from './tell.ts';

export interface KeeperDeps {
  readonly ask: Ask;
  readonly monotonicMs: () => number;
  /** Resolves after `ms`, or earlier when the signal aborts; never rejects. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly tell: Tell;
}

export interface Kept {
  /** Of the instance in the API. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Canonical, as the server tells them: who has the same ones is us. */
  readonly addrs: readonly string[];
}

/** One request; a fleet of servers that swallow packets must not take longer than a lease. */
const askMs = 5000;
const backOff = { firstMs: 500, longestMs: 10_000 };
/** While no server answers, a drain is tried for this long: nobody can be told, and a stop has to end. */
const untoldMs = 10_000;
/** A cancellation that cannot be told is the lease's to end. */
const cancelMs = 5000;

export type Farewell =
  /** No resolver can hold the address any more. */
  | { readonly kind: 'safe' }
  /** It never was in an answer, or is so no more by another's doing. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unsafe'; readonly why: string };

export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #kept: Kept;
  readonly #ended = new AbortController();
  #work: Promise<void> = Promise.resolve();
  #registering: Promise<unknown> = Promise.resolve();
  #isRegistered = false;
  /** A registration may have arrived that was never answered. */
  #mayBeThere = false;
  #isLeaving = false;
  #tag: string | undefined;
  #everyMs = 30_000;
  #failures = 0;

  constructor(deps: KeeperDeps, kept: Kept) {
    this.#deps = deps;
    this.#kept = kept;
  }

  /** Registers and goes on until `cancel`. */
  start(): void {
    this.#work = this.#keep();
  }

  /** Out of the answers, and back when no resolver can hold the address any more, at the latest after `withinMs`. */
  async drain(withinMs: number, reason: string, hurry: AbortSignal): Promise<Farewell> {
    this.#isLeaving = true;
    await Promise.race([this.#registering, aborted(hurry)]);
    if (!this.#mayBeThere) return { kind: 'absent' };
    const { monotonicMs } = this.#deps;
    const endsMs = monotonicMs() + withinMs;
    let untoldSinceMs: number | undefined;
    for (let failures = 0; !hurry.aborted; ) {
      const leftMs = Math.max(0, Math.floor(endsMs - monotonicMs()));
      const reply = await this.#take('POST', `/drain?wait=${leftMs}ms`, reason, leftMs + askMs, hurry);
      if (reply === 'hurry') break;
      if (reply === 'absent') return { kind: 'absent' };
      if (!('problem' in reply)) {
        if (reply.document['safe'] === true) return { kind: 'safe' };
        return { kind: 'unsafe', why: `resolvers may hold it until ${textField(reply.document, 'safeToStopAt')}` };
      }
      const nowMs = monotonicMs();
      untoldSinceMs = reply.status === undefined ? (untoldSinceMs ?? nowMs) : undefined;
      const isVain = isFinal(reply) || nowMs >= endsMs || nowMs - (untoldSinceMs ?? nowMs) >= untoldMs;
      if (isVain) return { kind: 'unsafe', why: reply.problem };
      failures++;
      await this.#waitBefore(failures, reply, hurry);
    }
    return { kind: 'unsafe', why: 'it was asked to stop at once' };
  }

  /** Ends the renewals and takes the instance out, at once; gives up after a few seconds. */
  async cancel(reason: string): Promise<void> {
    this.#isLeaving = true;
    this.#ended.abort();
    // A registration that is under way may arrive after us.
    await this.#work;
    const { monotonicMs, tell } = this.#deps;
    const endsMs = monotonicMs() + cancelMs;
    const never = new AbortController().signal;
    for (let failures = 1; this.#mayBeThere; failures++) {
      const reply = await this.#take('DELETE', '', reason, askMs, never);
      if (reply === 'absent' || reply === 'hurry') return;
      if (!('problem' in reply)) {
        tell('step', 'cancelled');
        return;
      }
      if (isFinal(reply) || monotonicMs() >= endsMs) {
        tell('warn', `cannot cancel the registration, it ends with its lease: ${reply.problem}`);
        return;
      }
      await this.#waitBefore(failures, reply, never);
    }
  }

  async #keep(): Promise<void> {
    const { pause, random } = this.#deps;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const asked = this.#isRegistered ? this.#renew() : this.#register();
      this.#registering = asked;
      const fault = await asked;
      if (this.#isLeaving && !this.#isRegistered) return;
      if (fault === 'forgotten') continue;
      if (fault === undefined) await pause(this.#everyMs * (0.8 + 0.2 * random()), signal);
      else await this.#waitBefore(this.#failures, fault, signal);
    }
  }

  async #register(): Promise<ApiFault | undefined> {
    const { path, body } = this.#kept;
    const reply = await this.#deps.ask({ method: 'PUT', path, body, withinMs: askMs });
    this.#mayBeThere ||= !('problem' in reply) || (reply.status === undefined && reply.isUnsent !== true);
    if ('problem' in reply) return this.#failed(reply, 'register');
    const { document } = reply;
    this.#isRegistered = true;
    this.#tag = tagOf(reply);
    this.#heard(document['leaseSeconds']);
    const names = textList(document, 'dnsNames');
    this.#deps.tell('news', `registered, found as ${names[0] ?? textField(document, 'instance')}`);
    return undefined;
  }

  async #renew(): Promise<ApiFault | 'forgotten' | undefined> {
    const reply = await this.#deps.ask({ method: 'PUT', path: `${this.#kept.path}/renew`, withinMs: askMs });
    if (!('problem' in reply)) {
      this.#heard(reply.document['leaseSeconds']);
      return undefined;
    }
    if (reply.status !== 404) return this.#failed(reply, 'renew');
    this.#isRegistered = false;
    if (!this.#isLeaving) this.#deps.tell('warn', 'the registry has forgotten this instance: registering it again');
    return 'forgotten';
  }

  #heard(leaseSeconds: unknown): void {
    if (typeof leaseSeconds === 'number' && leaseSeconds > 0) this.#everyMs = (leaseSeconds * 1000) / 3;
    if (this.#failures > 0) this.#deps.tell('warn', 'the registry answers again');
    this.#failures = 0;
  }

  /** Said once, not with every try. */
  #failed(fault: ApiFault, what: string): ApiFault {
    this.#failures++;
    if (this.#failures === 1) this.#deps.tell('warn', `cannot ${what}, trying again and again: ${fault.problem}`);
    return fault;
  }

  #waitBefore(failures: number, { retryAfterSeconds = 0 }: ApiFault, signal: AbortSignal): Promise<void> {
    const limits = { ...backOff, longestMs: Math.min(backOff.longestMs, this.#everyMs) };
    return this.#deps.pause(backOffMs(failures, limits, this.#deps.random(), retryAfterSeconds * 1000), signal);
  }

  /** A write that takes the instance away, as long as it is ours. */
  async #take(
    method: string,
    tail: string,
    reason: string,
    withinMs: number,
    hurry: AbortSignal,
  ): Promise<ApiReply | ApiFault | 'absent' | 'hurry'> {
    const { path } = this.#kept;
    const query = `${tail}${tail.includes('?') ? '&' : '?'}reason=${encodeURIComponent(reason.toWellFormed())}`;
    for (;;) {
      const headers: Record<string, string> = this.#tag === undefined ? {} : { 'if-match': this.#tag };
      const asked = this.#deps.ask({ method, path: path + query, headers, withinMs });
      const reply = await Promise.race([asked, aborted(hurry)]);
      if (reply === 'hurry') return reply;
      if (!('problem' in reply)) {
        this.#tag = tagOf(reply);
        return reply;
      }
      if (reply.status === 404) return 'absent';
      if (reply.status !== 412) return reply;
      const isOurs = await this.#lookAgain();
      if (isOurs !== true) return isOurs;
    }
  }

  /** After somebody changed the instance: whether it is still the one that we registered. */
  async #lookAgain(): Promise<true | ApiFault | 'absent'> {
    const there = await this.#deps.ask({ path: this.#kept.path, withinMs: askMs });
    if ('problem' in there) return there.status === 404 ? 'absent' : there;
    if (textList(there.document, 'addrs').join() !== this.#kept.addrs.join()) {
      this.#deps.tell('warn', 'another registration has taken this name: it is left alone');
      return 'absent';
    }
    this.#tag = tagOf(there);
    return true;
  }
}

/** Asking again would bring the same answer; 409 and 429 may pass. */
function isFinal({ status = 0 }: ApiFault): boolean {
  return status >= 400 && status < 500 && status !== 409 && status !== 429;
}

function aborted(signal: AbortSignal): Promise<'hurry'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('hurry');
    else signal.addEventListener('abort', () => resolve('hurry'), { once: true });
  });
}

function tagOf({ headers }: ApiReply): string | undefined {
  const tag = headers['etag'];
  return typeof tag === 'string' ? tag : undefined;
}
