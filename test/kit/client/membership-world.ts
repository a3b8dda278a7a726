// A membership on a clock that the test moves, at a registry that a test plays: one that keeps one instance as the real
// one does, with revisions and preconditions, until the test has it answer something else.

import { Membership } from '../../../src/client/registration/membership.ts';
import type { Registration } from '../../../src/client/registration/registration.ts';
import { RegistryLink } from '../../../src/client/registry/registry-link.ts';
import { type Answer, type Asked, FakeScheduler, fakeFetch, problem, unknownInstance } from './client-scheduler.ts';

export const orders: Registration = {
  env: 'prod',
  appid: 'orders',
  instance: 'orders-1',
  addrs: ['http://10.0.0.7:8080'],
};
export const ordersPath = '/api/v1/apps/prod/orders/orders-1';

/** The registry's state of that instance. */
export class PlayedRegistry {
  revision = 0;
  instance: { addrs: readonly string[]; status: string } | undefined;
  /** A drain is safe from this one on: the call that asks, then those that wait. */
  drainsUntilSafe = 1;
  /** In place of the lease that was asked for. */
  leaseSeconds: unknown = 90;
  etagOf = (revision: number): string => `"${revision}"`;

  answer({ method, url, headers, body }: Asked): Answer {
    const call = new URL(url).pathname.slice(ordersPath.length);
    const ifMatch = headers['if-match'];
    const isMatch = ifMatch === undefined || ifMatch === '*' || ifMatch === `"${this.revision}"`;
    if (!isMatch && this.instance !== undefined) return problem(412, 'precondition-failed');
    if (method === 'PUT' && call === '') return this.#register(body as { addrs: readonly string[]; status?: string });
    if (this.instance === undefined) return unknownInstance;
    if (method === 'DELETE') {
      this.instance = undefined;
      return { status: 200, document: { outcome: 'cancelled', revision: ++this.revision } };
    }
    if (method !== 'POST') return this.#document(200);
    if (this.instance.status === 'up') this.change({ status: 'waiting' });
    const safe = --this.drainsUntilSafe <= 0;
    return this.#document(200, { safe, safeToStopAt: '2026-11-21T10:00:00.000Z' });
  }

  /** Another party's write. */
  change(fields: { readonly addrs?: readonly string[]; readonly status?: string }): void {
    this.instance = { addrs: [], status: 'up', ...this.instance, ...fields };
    this.revision++;
  }

  #register({ addrs, status = 'up' }: { addrs: readonly string[]; status?: string }): Answer {
    const isNew = this.instance === undefined;
    this.instance = { addrs, status };
    this.revision++;
    return this.#document(isNew ? 201 : 200, { outcome: isNew ? 'created' : 'replaced' });
  }

  #document(status: number, more: object = {}): Answer {
    const { leaseSeconds, revision } = this;
    const document = { ...this.instance, dnsNames: ['orders.prod.svc.'], leaseSeconds, revision, dnsTtl: 5, ...more };
    return { status, document, headers: { etag: this.etagOf(revision) } };
  }
}

const eventNames = ['registered', 'renewed', 'forgotten', 'replaced', 'drained', 'trouble', 'refused'] as const;

interface MembershipWorldOptions {
  readonly registration?: Registration;
  readonly random?: number;
  readonly addresses?: readonly string[];
  /** The registry's reply about the lease, however wrong. */
  readonly leaseSeconds?: unknown;
}

/** `script` answers before the registry does, unless it returns undefined. `random` is the middle: a renewal every 27 s. */
export function membershipWorld(
  script: (asked: Asked) => Answer | undefined = () => undefined,
  { registration = orders, random = 0.5, addresses = ['http://r1'], leaseSeconds = 90 }: MembershipWorldOptions = {},
) {
  const scheduler = new FakeScheduler();
  const registry = new PlayedRegistry();
  registry.leaseSeconds = leaseSeconds;
  const { fetch, asked } = fakeFetch((one) => script(one) ?? registry.answer(one));
  const link = new RegistryLink({ addresses, fetch, scheduler, requestTimeoutMs: 5000 });
  let ends = 0;
  const member = new Membership(registration, { link, scheduler, random: () => random, onEnd: () => ends++ });
  const heard: string[] = [];
  for (const name of eventNames) member.on(name, () => heard.push(name));
  let seen = 0;
  /** Those since it was asked last: `PUT`, `PUT /renew`, `POST /drain?wait=30000ms`. */
  const calls = (): string[] => {
    const fresh = asked.slice(seen);
    seen = asked.length;
    return fresh.map(({ method, url }) => {
      const { pathname, search } = new URL(url);
      return `${method} ${pathname.slice(ordersPath.length)}${search}`.trimEnd();
    });
  };
  /** The outcome once it is there. `pass` moves the clock meanwhile. */
  const outcomeOf = async <T>(promise: Promise<T>, passMs = 0): Promise<T | 'pending'> => {
    let outcome: T | 'pending' = 'pending';
    void promise.then((value) => {
      outcome = value;
    });
    await scheduler.pass(passMs);
    return outcome;
  };
  return { scheduler, registry, member, link, asked, calls, heard, outcomeOf, ends: () => ends };
}
