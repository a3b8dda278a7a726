// Clients that write and ask at the same time, at random by a seed, and write down what they saw (history.ts): those that
// own a few instances each, those that quarrel about the same ones, some whose instances fall silent, and readers over UDP
// and TCP. One life of a server; a run may go through several.

import { setTimeout as sleep } from 'node:timers/promises';
import { type DnsClient, tcpClient, udpClient } from '../dns/dns-client.ts';
import { ApiClient, type ApiReply } from '../http/api-client.ts';
import { addedByPauses } from '../http/lease-additions.ts';
import type { ServerProcess } from '../process/server-process.ts';
import { seededRandom } from '../registry/placed.ts';
import type { Answer, Recorded, Renewal, Restart, SerialSeen, Sight, Span, State, Write } from './history.ts';

const apps = ['prod/orders', 'prod/pay', 'dev/orders'] as const;
const [quarrelled, mortal] = ['prod/quarrel', 'prod/mortal'] as const;
const owners = 6;
const perOwner = 4;
const longLeaseSeconds = 600;
const shortLeaseSeconds = 5;
const dnsTtl = 2;

/** What an owner believes of its instance; undefined: the last write was never answered. */
type Belief = State | undefined;

export interface RunKnobs {
  readonly seed: number;
  /** With a server that is killed each instance has one writer: see history.ts for why. */
  readonly isKilled: boolean;
  readonly lateMs: number;
}

export class HistoryRun implements Recorded {
  readonly leaseSeconds = new Map<string, number>();
  readonly dnsTtl = dnsTtl;
  readonly writes: Write[] = [];
  readonly renewals: Renewal[] = [];
  readonly sights: Sight[] = [];
  readonly answers: Answer[] = [];
  readonly serials: SerialSeen[] = [];
  readonly restarts: Restart[] = [];
  /** How late a lease may end: pauses of the server come on top. */
  lateMs: number;
  /** Calls of each kind that were answered, and unexpected replies. */
  readonly counts: Record<string, number> = {};
  readonly surprises: string[] = [];
  readonly #knobs: RunKnobs;
  readonly #beliefs = new Map<string, Belief>();
  readonly #random: () => number;
  #address = 0;
  #isOver = false;

  constructor(knobs: RunKnobs) {
    this.#knobs = knobs;
    this.lateMs = knobs.lateMs;
    this.#random = seededRandom(knobs.seed);
  }

  /** All clients at work for `lifeMs`; `kill` then ends the server in between. Without it, all calls are answered. */
  async live(server: ServerProcess, lifeMs: number, kill?: () => Promise<unknown>): Promise<void> {
    this.#isOver = false;
    const clients = [udpClient, udpClient, tcpClient, tcpClient].map((open) => open(server.dnsPort));
    const readers = await Promise.all(clients);
    const apis = Array.from({ length: owners + 4 }, () => new ApiClient(server.http, 1));
    const rivals = this.#knobs.isKilled ? [] : apis.slice(owners, owners + 3);
    const atWork = [
      ...apis.slice(0, owners).map((api, owner) => this.#untilOver(() => this.#ownerActs(api, owner))),
      ...rivals.map((api) => this.#untilOver(() => this.#rivalActs(api))),
      this.#untilOver(() => this.#mortalsAct(apis[owners + 3] as ApiClient)),
      ...readers.map((client, at) => this.#untilOver(() => this.#read(client, at < 2 ? 'UDP' : 'TCP'))),
    ];
    await sleep(lifeMs);
    this.lateMs += await addedByPauses(apis[0] as ApiClient, shortLeaseSeconds * 1000);
    const killed = kill?.();
    this.#isOver = true;
    if (killed === undefined) await Promise.all(atWork);
    await killed;
    for (const { close } of readers) close();
    for (const api of apis) api.close();
    await Promise.all(atWork);
  }

  async #untilOver(act: () => Promise<void>): Promise<void> {
    try {
      while (!this.#isOver) await act();
    } catch (error) {
      // Calls in flight when the server was killed get no answer.
      if (!this.#isOver) throw error;
    }
  }

  #pick<One>(of: readonly One[]): One {
    return of[Math.floor(this.#random() * of.length)] as One;
  }

  /** Never the same twice, so that an answer identifies its write. */
  #newAddress(): string {
    const count = ++this.#address;
    return `10.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`;
  }

  async #ownerActs(api: ApiClient, owner: number): Promise<void> {
    await sleep(this.#random() * 8);
    const app = apps[owner % apps.length] as string;
    const place = `${app}/own-${owner}-${Math.floor(this.#random() * perOwner)}`;
    this.leaseSeconds.set(place, longLeaseSeconds);
    const belief = this.#beliefs.has(place) ? this.#beliefs.get(place) : 'absent';
    if (belief === undefined) await this.#pick([this.#register, this.#cancel]).call(this, api, place);
    else if (belief === 'absent') await this.#register(api, place);
    else if (belief === 'waiting')
      await this.#pick([this.#register, this.#moveUp, this.#cancel, this.#drain]).call(this, api, place);
    else {
      const often = [this.#renew, this.#renew, this.#moveUp, this.#moveUp];
      await this.#pick([...often, this.#register, this.#drain, this.#cancel]).call(this, api, place);
    }
  }

  async #rivalActs(api: ApiClient): Promise<void> {
    await sleep(this.#random() * 8);
    const place = `${quarrelled}/any-${Math.floor(this.#random() * 3)}`;
    this.leaseSeconds.set(place, longLeaseSeconds);
    const acts = [this.#register, this.#register, this.#renew, this.#moveUp, this.#drain, this.#cancel];
    await this.#pick(acts).call(this, api, place);
  }

  /** Two instances with a short lease: one is renewed and one is not, until both fall silent and come back. */
  async #mortalsAct(api: ApiClient): Promise<void> {
    const places = [`${mortal}/silent`, `${mortal}/renewed`] as const;
    for (const place of places) {
      this.leaseSeconds.set(place, shortLeaseSeconds);
      await this.#register(api, place);
    }
    const renewals = Math.ceil(this.#random() * 4);
    for (let i = 0; i < renewals && !this.#isOver; i++) {
      await this.#pause(500);
      if (!this.#isOver) await this.#renew(api, places[1]);
    }
    await this.#pause(shortLeaseSeconds * 1000 + this.lateMs + 500);
  }

  /** Not longer than the life. */
  async #pause(ms: number): Promise<void> {
    for (const endsMs = performance.now() + ms; performance.now() < endsMs && !this.#isOver; ) await sleep(50);
  }

  #register(api: ApiClient, place: string): Promise<void> {
    const address = this.#newAddress();
    const body = { addrs: [`http://${address}:80`], leaseSeconds: this.leaseSeconds.get(place), dnsTtl };
    return this.#write(place, 'register', address, () => api.call('PUT', pathOf(place), { body }));
  }

  /** A new address, and traffic. */
  #moveUp(api: ApiClient, place: string): Promise<void> {
    const address = this.#newAddress();
    const body = { addrs: [`http://${address}:80`], status: 'up' };
    return this.#write(place, 'patch', address, () => api.call('PATCH', pathOf(place), { body }));
  }

  #drain(api: ApiClient, place: string): Promise<void> {
    return this.#write(place, 'drain', 'waiting', () => api.call('POST', `${pathOf(place)}/drain`));
  }

  #cancel(api: ApiClient, place: string): Promise<void> {
    return this.#write(place, 'cancel', 'absent', () => api.call('DELETE', pathOf(place)));
  }

  async #renew(api: ApiClient, place: string): Promise<void> {
    const { span, reply } = await this.#timed(() => api.call('PUT', `${pathOf(place)}/renew`));
    if (reply === undefined || reply.status === 200)
      this.renewals.push({ ...span, place, isAnswered: reply !== undefined });
    if (reply === undefined) throw new Error('the server is gone');
    this.#count('renew', reply);
    this.sights.push({ ...span, place, saw: reply.status === 404 ? 'absent' : 'present' });
  }

  async #write(place: string, kind: string, after: State, call: () => Promise<ApiReply>): Promise<void> {
    const isHeard = kind === 'register';
    this.#beliefs.set(place, undefined);
    const { span, reply } = await this.#timed(call);
    if (reply === undefined) {
      this.writes.push({ ...span, place, after, isHeard, revision: undefined });
      throw new Error('the server is gone');
    }
    this.#count(kind, reply);
    const { status, json } = reply;
    if (status === 404) {
      this.sights.push({ ...span, place, saw: 'absent' });
      this.#beliefs.set(place, 'absent');
      return;
    }
    // Drained already: nothing was changed.
    if (json['outcome'] === 'unchanged') this.sights.push({ ...span, place, saw: 'waiting' });
    else this.writes.push({ ...span, place, after, isHeard, revision: json['revision'] as number });
    this.#beliefs.set(place, after);
  }

  async #timed(call: () => Promise<ApiReply>): Promise<{ span: Span; reply: ApiReply | undefined }> {
    const startMs = performance.now();
    const reply = await call().catch((error: unknown) => {
      if (!this.#isOver) throw error;
      return undefined;
    });
    return { span: { startMs, endMs: performance.now() }, reply };
  }

  #count(kind: string, { status, text }: ApiReply): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (![200, 201, 404].includes(status)) this.surprises.push(`${kind}: ${status} ${text}`);
  }

  async #read(client: DnsClient, how: string): Promise<void> {
    await sleep(this.#random() * 4);
    const startMs = performance.now();
    if (this.#random() < 0.2) {
      const { answer } = await client.ask('svc', 'SOA');
      const serial = Number(answer[0]?.data.split(' ')[2]);
      this.serials.push({ startMs, endMs: performance.now(), serial });
      return;
    }
    const app = this.#pick([...apps, quarrelled, mortal]);
    const [env, appid] = app.split('/');
    const { rcode, tc, answer } = await client.ask(`${appid}.${env}.svc`);
    const records = answer.map(({ data, ttl }) => ({ address: data, ttl }));
    this.answers.push({ app, how, startMs, endMs: performance.now(), rcode, records });
    this.counts[how] = (this.counts[how] ?? 0) + 1;
    if (tc || (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')) this.surprises.push(`${app} (${how}): ${rcode} ${tc}`);
  }
}

function pathOf(place: string): string {
  return `/api/v1/apps/${place}`;
}
