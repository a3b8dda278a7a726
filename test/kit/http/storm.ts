// A fleet that calls all at once, as a process of its own, so that its work delays neither the server nor what measures
// it: `connections` connections, each of which sends its share of the calls, one after the other. A call that is sent away
// (429, 503) comes again after the time in Retry-After; a connection that breaks is opened anew.
// Plain sockets and requests made beforehand: Node's own client takes longer for a call than the server does.

import { connect, type Socket } from 'node:net';
import { run } from '../process/program.ts';

export interface StormKnobs {
  readonly port: number;
  /** `consul-…`: by Consul's API, a service with a TTL check; `eureka-…`: by Eureka's. */
  readonly what: 'register' | 'renew' | 'consul-register' | 'consul-pass' | 'eureka-register' | 'eureka-heartbeat';
  /** Instances `prod/storm-K/i-N`, a hundred an app. */
  readonly instances: number;
  /** The first of them; 0 by default. */
  readonly from?: number;
  readonly connections: number;
  /** Calls in all, each instance in turn; as many as instances by default. */
  readonly calls?: number;
  /** At most so many calls are begun in a second; without it as many as can be. */
  readonly perSecond?: number;
  readonly withinMs: number;
}

export interface StormResult {
  /** Answered 2xx in the end. */
  readonly done: number;
  /** Answered otherwise, or not at all within the time. */
  readonly failed: number;
  readonly tookMs: number;
  /** Milliseconds of a call, from its sending to any answer. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** How often each status was met. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that broke. */
  readonly broken: number;
}

/** Runs a storm to its end. */
export async function storm(knobs: StormKnobs): Promise<StormResult> {
  const { out, err } = await run(process.execPath, [import.meta.filename, JSON.stringify(knobs)], {
    withinMs: knobs.withinMs + 10_000,
  });
  if (!out.startsWith('{')) throw new Error(`the storm ended without a result: ${out}${err}`);
  return JSON.parse(out) as StormResult;
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

const body = (instance: number) =>
  `{"addrs":["http://10.${(instance >> 16) & 255}.${(instance >> 8) & 255}.${instance & 255}:8080"],"version":"1.4.2",` +
  '"zone":"eu-1a","tags":["blue"],"metadata":{"team":"checkout"}}';

function eurekaRequest(instance: number, isHeartbeat: boolean): string {
  const app = `STORM-${Math.floor(instance / 100)}`;
  if (isHeartbeat) return `PUT /eureka/apps/${app}/e-${instance}?status=UP HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
  const ipAddr = `10.${(instance >> 16) & 255}.${(instance >> 8) & 255}.${instance & 255}`;
  const dataCenterInfo = { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' };
  const port = { $: 8080, '@enabled': 'true' };
  const leaseInfo = { durationInSecs: 300 };
  const known = { instanceId: `e-${instance}`, hostName: ipAddr, app, ipAddr, status: 'UP', port };
  const sent = JSON.stringify({ instance: { ...known, dataCenterInfo, leaseInfo } });
  const type = `content-type: application/json\r\ncontent-length: ${sent.length}`;
  return `POST /eureka/apps/${app} HTTP/1.1\r\nhost: 127.0.0.1\r\n${type}\r\n\r\n${sent}`;
}

function requestOf({ what }: StormKnobs, instance: number): string {
  const start = (target: string) => `PUT ${target} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
  if (what === 'consul-pass') return `${start(`/v1/agent/check/pass/service:i-${instance}`)}\r\n`;
  if (what === 'consul-register') {
    const address = `10.${(instance >> 16) & 255}.${(instance >> 8) & 255}.${instance & 255}`;
    const service = { ID: `i-${instance}`, Name: `storm-${Math.floor(instance / 100)}`, Address: address, Port: 8080 };
    const sent = JSON.stringify({ ...service, Tags: ['blue'], Check: { TTL: '300s', Status: 'passing' } });
    return `${start('/v1/agent/service/register')}content-length: ${sent.length}\r\n\r\n${sent}`;
  }
  if (what === 'eureka-register' || what === 'eureka-heartbeat')
    return eurekaRequest(instance, what === 'eureka-heartbeat');
  const path = `/api/v1/apps/prod/storm-${Math.floor(instance / 100)}/i-${instance}`;
  if (what === 'renew') return `PUT ${path}/renew HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
  const text = body(instance);
  const type = `content-type: application/json\r\ncontent-length: ${text.length}`;
  return `PUT ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${type}\r\n\r\n${text}`;
}

const headEnd = '\r\n\r\n';

/** One connection and the calls that are its own. */
class Caller {
  readonly #fleet: Fleet;
  #socket: Socket | undefined;
  #heard = '';
  #call: { readonly text: string; sentMs: number } | undefined;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#next();
  }

  #next(): void {
    const text = this.#fleet.nextCall();
    if (text === undefined) this.#socket?.destroy();
    else if (typeof text === 'number') setTimeout(() => this.#next(), text);
    else {
      this.#call = { text, sentMs: 0 };
      this.#send();
    }
  }

  #send(): void {
    const call = this.#call as { readonly text: string; sentMs: number };
    call.sentMs = performance.now();
    this.#socket ??= this.#open();
    this.#socket.write(call.text);
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#fleet.knobs.port, noDelay: true });
    this.#heard = '';
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#hear(text));
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (this.#call === undefined) return;
      this.#fleet.broken++;
      setTimeout(() => this.#send(), 100);
    });
    return socket;
  }

  #hear(text: string): void {
    this.#heard += text;
    const end = this.#heard.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#heard.slice(0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#heard.length < end + headEnd.length + length) return;
    this.#heard = '';
    const status = head.slice(9, 12);
    const { sentMs } = this.#call as { readonly sentMs: number };
    this.#fleet.note(status, performance.now() - sentMs);
    if (status === '429' || status === '503') {
      setTimeout(() => this.#send(), Number(/retry-after: (\d+)/i.exec(head)?.[1] ?? 1) * 1000);
      return;
    }
    this.#call = undefined;
    this.#fleet.finish(status.startsWith('2'));
    this.#next();
  }
}

class Fleet {
  readonly knobs: StormKnobs;
  readonly #requests: readonly string[];
  readonly #calls: number;
  readonly #startedMs = performance.now();
  readonly #tookMs: number[] = [];
  readonly #statuses: Record<string, number> = {};
  #begun = 0;
  #done = 0;
  #failed = 0;
  broken = 0;

  constructor(knobs: StormKnobs) {
    this.knobs = knobs;
    this.#requests = Array.from({ length: knobs.instances }, (_, index) => requestOf(knobs, (knobs.from ?? 0) + index));
    this.#calls = knobs.calls ?? knobs.instances;
  }

  /** The next call, how long to wait before there is one, or undefined: there are no more. */
  nextCall(): string | number | undefined {
    if (this.#begun >= this.#calls) return undefined;
    const { perSecond } = this.knobs;
    if (perSecond !== undefined) {
      const dueMs = this.#startedMs + (this.#begun * 1000) / perSecond;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) return waitMs;
    }
    return this.#requests[this.#begun++ % this.#requests.length];
  }

  note(status: string, tookMs: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#tookMs.push(tookMs);
  }

  finish(isGood: boolean): void {
    if (isGood) this.#done++;
    else this.#failed++;
    if (this.#done + this.#failed === this.#calls) this.end();
  }

  end(): void {
    const sorted = this.#tookMs.sort((a, b) => a - b);
    const result: StormResult = {
      done: this.#done,
      failed: this.#calls - this.#done,
      tookMs: performance.now() - this.#startedMs,
      medianMs: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      longestMs: sorted.at(-1) ?? 0,
      statuses: this.#statuses,
      broken: this.broken,
    };
    process.stdout.write(JSON.stringify(result), () => process.exit());
  }
}

if (import.meta.main) {
  const knobs = JSON.parse(process.argv[2] as string) as StormKnobs;
  const fleet = new Fleet(knobs);
  setTimeout(() => fleet.end(), knobs.withinMs);
  for (let i = 0; i < knobs.connections; i++) new Caller(fleet);
}
