// A registry behind its HTTP plane, with a clock moved by hand and nothing listening: calls go through `inject()`.

import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { type Logger, pino } from 'pino';
import { type Control, type ControlDeps, createControl } from '../../../src/control/control.ts';
import { DecisionLog } from '../../../src/control/decision-log.ts';
import type { DrainWaits } from '../../../src/control/drain-waits.ts';
import { LongPolls } from '../../../src/control/long-poll.ts';
import { ChangeLog } from '../../../src/history/change-log.ts';
import { LogRecorder } from '../../../src/history/log-recorder.ts';
import { createHttpServer, type HttpDeps } from '../../../src/http/server.ts';
import { Watchers, type WatchersOptions } from '../../../src/http/watch/watchers.ts';
import type { AnswersHeld } from '../../../src/model/answers-held.ts';
import type { Explained } from '../../../src/model/explanation.ts';
import type { HttpCounters } from '../../../src/model/http-counters.ts';
import type { Instance } from '../../../src/model/instance.ts';
import { Life } from '../../../src/model/life.ts';
import type { RegistryOptions } from '../../../src/registry/registry.ts';
import { FakeClock } from '../process/clock.ts';
import { CommandedRegistry } from '../registry/commanded-registry.ts';

export type Json = Record<string, unknown>;
export type Reply = LightMyRequestResponse;

/** Timers that run when the test lets time pass. */
export class FakeTimers {
  readonly #timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();
  #nowMs = 0;
  #next = 1;

  set = (callback: () => void, ms: number): number => {
    this.#timers.set(this.#next, { atMs: this.#nowMs + ms, callback });
    return this.#next++;
  };

  clear = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  get size(): number {
    return this.#timers.size;
  }

  /** Runs what is due by then, in order. */
  pass(ms: number): void {
    this.#nowMs += ms;
    const due = [...this.#timers].filter(([, { atMs }]) => atMs <= this.#nowMs).sort(([, a], [, b]) => a.atMs - b.atMs);
    for (const [timer, { callback }] of due) if (this.#timers.delete(timer)) callback();
  }
}

/** Counts as `registration:created`, `request:GET /healthz 200` and so on. */
export class FakeCounters implements HttpCounters {
  readonly counts = new Map<string, number>();
  registration = (verdict: string): void => this.#add(`registration:${verdict}`);
  renewal = (verdict: string, count = 1): void => this.#add(`renewal:${verdict}`, count);
  patch = (verdict: string): void => this.#add(`patch:${verdict}`);
  cancel = (verdict: string): void => this.#add(`cancel:${verdict}`);
  drain = (verdict: string): void => this.#add(`drain:${verdict}`);
  refused = (what: string): void => this.#add(`refused:${what}`);
  request = (method: string, route: string, status: number): void => this.#add(`request:${method} ${route} ${status}`);

  /** Of calls whose time was measured, what kind they were; times are not kept. */
  readonly timed: string[] = [];
  connections = 0;
  took = (kind: string): void => void this.timed.push(kind);
  connected = (difference: number): void => {
    this.connections += difference;
  };

  unsentOctets = 0;
  unsent = (difference: number): void => {
    this.unsentOctets += difference;
  };

  #add(what: string, count = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }
}

export interface WorldOptions {
  readonly registry?: Partial<RegistryOptions>;
  readonly deps?: Partial<HttpDeps>;
  readonly control?: Partial<ControlDeps>;
  readonly waitingMax?: number;
  readonly watch?: Partial<WatchersOptions>;
  /** Outstanding answers with an instance; none by default. */
  readonly answersHeld?: (instance: Instance) => AnswersHeld;
  /** What the record of changes keeps. */
  readonly changesMax?: number;
  /** Uses Node's timers, for tests over sockets. */
  readonly realTimers?: boolean;
}

export interface World {
  readonly app: FastifyInstance;
  readonly registry: CommandedRegistry;
  readonly clock: FakeClock;
  readonly timers: FakeTimers;
  readonly longPolls: LongPolls;
  readonly watchers: Watchers;
  readonly control: Control;
  readonly drainWaits: DrainWaits;
  readonly counters: FakeCounters;
  /** The lines that were logged. */
  readonly log: Json[];
  /** `call('GET', '/apps')`: below /api/v1, with a JSON body if one is given. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  register(path: string, fields?: Json): Promise<Reply>;
}

const answer: Explained = {
  name: 'orders.prod.svc.',
  type: 'A',
  rcode: 'NOERROR',
  flags: ['qr', 'aa'],
  answer: ['orders.prod.svc. 5 IN A 10.0.0.7'],
  authority: [],
  additional: [],
  reason: '1 of 1 instances takes traffic',
  ttl: 5,
};

/** The identity that ids, tags and indexes of such a world carry. */
export const lifeToken = 'thislife';

/** The index of a revision of such a world. */
export const indexOf = (revision: number): string => `${lifeToken}-${revision}`;

/** The entity tag of a revision of such a world. */
export const tagOf = (revision: number): string => `"${lifeToken}-${revision}"`;

export function createWorld(options: WorldOptions = {}): World {
  const clock = new FakeClock();
  const timers = new FakeTimers();
  const counters = new FakeCounters();
  const log: Json[] = [];
  const own: Logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line) as Json) });
  const logger = options.deps?.logger ?? own;
  const defaults = { leaseSeconds: 90, dnsTtl: 5 };
  const limits = { instancesMax: 1000, instancesPerAppMax: 500, initialRevision: 100 };
  const registry = new CommandedRegistry({ clock, origin: 'svc.', defaults, ...limits, ...options.registry });
  const fake = options.realTimers === true ? {} : { setTimer: timers.set, clearTimer: timers.clear };
  const longPolls = new LongPolls({ waitingMax: options.waitingMax ?? 100, ...fake });
  registry.onChange((change) => longPolls.notify(change));
  const pushes = new LongPolls({ waitingMax: 100, ...fake });
  registry.onChange((change) => pushes.notify(change));
  const answersHeld = options.answersHeld ?? (() => ({ lastServedMs: undefined, heldUntilMs: 0 }));
  const changeLog = new ChangeLog(registry, { max: options.changesMax ?? 10_000 });
  registry.onChange((change) => changeLog.append(change));
  const control = createControl({
    registry,
    clock,
    log: new DecisionLog(logger, counters),
    longPolls,
    pushes,
    disconnected: (key) => void registry.disconnected(key),
    recorder: new LogRecorder(changeLog, clock.wallMs()),
    changes: changeLog,
    availability: { isRecovered: () => true, storeTrouble: () => undefined },
    durable: async () => {},
    visible: () => undefined,
    answersHeld: async (instance) => answersHeld(instance),
    random: Math.random,
    ...options.control,
  });
  registry.onChange((change) => control.quotas.changed(change));
  const life = new Life(lifeToken);
  const watchers = new Watchers({ view: registry, log: changeLog, clock, life, max: 100, ...options.watch });
  registry.onChange((change) => watchers.changed(change));
  const app = createHttpServer({
    control,
    clock,
    life,
    origin: 'svc.',
    defaults,
    logger,
    tokens: [],
    watchers,
    version: '0.0.0-test',
    isReady: () => true,
    metricsText: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'rollcall_up 1\n' }),
    resolve: async () => answer,
    // How late it is depends on what else the machine does.
    measureLateness: () => () => {},
    ...options.deps,
  });
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const request = { method, url: `/api/v1${path}`, headers: { ...type, ...headers }, ...payload };
    return app.inject(request as InjectOptions);
  };
  const register = (path: string, fields: Json = {}): Promise<Reply> =>
    call('PUT', `/apps/${path}`, { addrs: ['http://10.0.0.7:8080'], ...fields });
  const { drainWaits } = control;
  return { app, registry, control, clock, timers, longPolls, watchers, drainWaits, counters, log, call, register };
}

/** The problem document of a reply, after a check that it is one. */
export function problemOf(reply: Reply): Json & { readonly errors: readonly Json[]; readonly detail: string } {
  const document = reply.json() as Json;
  const isProblem = reply.headers['content-type']?.toString().startsWith('application/problem+json') === true;
  if (!isProblem || document['status'] !== reply.statusCode || typeof document['detail'] !== 'string') {
    throw new Error(`not a problem document: ${reply.statusCode} ${reply.headers['content-type']} ${reply.body}`);
  }
  if (/FST_|at .*\.(js|ts):\d|node_modules|fastify|Unexpected token/.test(reply.body))
    throw new Error(`leaks: ${reply.body}`);
  return document as ReturnType<typeof problemOf>;
}
