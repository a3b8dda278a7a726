// Until when an answer that names an instance may still be cached: whoever takes an instance away can say when nobody
// holds its address any more. Every answer opens a cell that knows its instances and their TTLs; serving the answer again
// from the cache costs one store into the cell. A cell is closed when its answer can be served no more: the app has
// changed, or the cache has dropped it. What it knew is then kept as one number an instance, for as long as that is not past.
// Belongs to one handler: a data plane in several threads has one in each, and the latest of their times counts.
// Exact for each instance: one that was in no answer (another was asked for, or chosen, or fitted) is held by nobody.
// Limits: cells live no longer than the answers that are kept, and an app's name `mentionsPerAppMax` instances in all;
// above it the oldest is closed, and its answer made anew. Numbers: the instances whose answers may be cached, and
// those that the hand (see #prune) has not come to yet, about as many again.

import type { Change } from '../registry/change.ts';
import type { Instance } from '../registry/instance.ts';
import { instanceKey } from '../registry/names.ts';
import type { LeasedInstance } from '../registry/view.ts';

/** Resolvers count a TTL in whole seconds from the one in which the answer came: Unbound and dnsmasq hold up to one longer. */
const resolverGranularityMs = 1000;
/** Our answer's way to the resolver, and from a client's look-up to its first packet, on a machine that is busy. */
const onTheWayMs = 500;
/** Closing this many takes some 5 ms: what a change of the app, or a drain, may have to wait for. */
const mentionsPerAppMax = 65_536;

/** One answer's instances and when it was last served; `lastServedMs` is set by whoever serves it again. */
export interface Cell {
  lastServedMs: number;
  /** False: the answer must not be served again. */
  isOpen: boolean;
  /** TTL in seconds by instance. */
  readonly ttls: ReadonlyMap<Held, number>;
}

/** What is known of the answers with an instance in it; monotonic milliseconds. */
export interface HandedOut {
  /** Absent where nobody can hold an answer any more. */
  readonly lastServedMs: number | undefined;
  /** Past or present: nobody holds one. */
  readonly heldUntilMs: number;
}

interface Held {
  readonly app: AppLedger;
  readonly key: string;
  lastServedMs: number;
  heldUntilMs: number;
  openCells: number;
}

interface AppLedger {
  readonly env: string;
  readonly appid: string;
  readonly held: Map<string, Held>;
  /** In the order of their opening. */
  readonly cells: Set<Cell>;
  /** Instances in all cells together. */
  mentions: number;
}

const never = Number.NEGATIVE_INFINITY;

export class Handouts {
  readonly #sinceMs: number;
  readonly #envs = new Map<string, Map<string, AppLedger>>();
  /** Of answers without an instance: there is nothing to remember. */
  readonly #nobody: Cell = { lastServedMs: never, isOpen: true, ttls: new Map() };
  #hand: Iterator<Held> = this.#everyHeld();

  /**
   * `sinceMs`: when this process began to answer. What an earlier one had handed out is not known: until the TTL of an
   * instance has passed since then, it counts as handed out at that moment.
   */
  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  /** An answer with these instances (and their TTLs in seconds) is handed out now. To be closed by the caller. */
  open(instances: ReadonlyMap<LeasedInstance, number>, nowMs: number): Cell {
    if (instances.size === 0) return this.#nobody;
    this.#prune(2 * instances.size + 1, nowMs);
    const ttls = new Map<Held, number>();
    const cell = { lastServedMs: nowMs, isOpen: true, ttls };
    let app: AppLedger | undefined;
    for (const [{ instance }, ttl] of instances) {
      if (app?.env !== instance.env || app.appid !== instance.appid) app = this.#appOf(instance);
      const held = heldOf(app, instance);
      ttls.set(held, Math.max(ttls.get(held) ?? 0, ttl));
    }
    for (const held of ttls.keys()) {
      held.openCells++;
      held.app.mentions++;
      held.app.cells.add(cell);
    }
    for (const held of ttls.keys()) if (held.app.mentions > mentionsPerAppMax) this.#makeRoom(held.app, cell);
    return cell;
  }

  /** Its answer will not be served again. Twice is once. */
  close(cell: Cell): void {
    if (!cell.isOpen || cell === this.#nobody) return;
    cell.isOpen = false;
    for (const [held, ttl] of cell.ttls) {
      note(held, cell.lastServedMs, ttl);
      held.openCells--;
      held.app.mentions--;
      held.app.cells.delete(cell);
    }
  }

  /** A change listener: no answer made before it is served again. */
  changed(change: Change, nowMs: number): void {
    const { env, appid } = change.after ?? change.before;
    for (const cell of this.#envs.get(env)?.get(appid)?.cells ?? []) this.close(cell);
    if (change.before !== undefined) this.#keepEarlierLife(change.before, change.after, nowMs);
  }

  /**
   * Until when answers with this instance may be held, those of an earlier registration under its id included. Right for
   * good once the instance is in no new answer, and the change that took it out has been heard here.
   */
  of(instance: Instance, nowMs: number): HandedOut {
    const app = this.#envs.get(instance.env)?.get(instance.appid);
    const held = app?.held.get(instanceKey(instance.instance));
    for (const cell of held === undefined ? [] : (app?.cells ?? [])) {
      const ttl = cell.ttls.get(held as Held);
      if (ttl !== undefined) note(held as Held, cell.lastServedMs, ttl);
    }
    const before = this.#sinceMs + holdingMs(instance.dnsTtl);
    const heldUntilMs = Math.max(before, held?.heldUntilMs ?? never);
    const isHeld = held !== undefined && held.heldUntilMs > nowMs && held.lastServedMs > never;
    return { heldUntilMs, lastServedMs: isHeld ? held.lastServedMs : undefined };
  }

  /** What is remembered, for tests of the bounds. */
  get size(): { readonly instances: number; readonly cells: number } {
    const cells = new Set<Cell>();
    let instances = 0;
    for (const apps of this.#envs.values()) {
      for (const app of apps.values()) {
        instances += app.held.size;
        for (const cell of app.cells) cells.add(cell);
      }
    }
    return { instances, cells: cells.size };
  }

  /** What was handed out before the start had the TTL of then: a shorter one since does not shorten it. */
  #keepEarlierLife(before: Instance, after: Instance | undefined, nowMs: number): void {
    if (after !== undefined && after.dnsTtl >= before.dnsTtl) return;
    const untilMs = this.#sinceMs + holdingMs(before.dnsTtl);
    if (untilMs <= nowMs) return;
    const held = heldOf(this.#appOf(before), before);
    held.heldUntilMs = Math.max(held.heldUntilMs, untilMs);
  }

  #makeRoom(app: AppLedger, newest: Cell): void {
    for (const oldest of app.cells) {
      if (app.mentions <= mentionsPerAppMax || oldest === newest) return;
      this.close(oldest);
    }
  }

  #appOf({ env, appid }: Instance): AppLedger {
    let apps = this.#envs.get(env);
    if (apps === undefined) {
      apps = new Map();
      this.#envs.set(env, apps);
    }
    let app = apps.get(appid);
    if (app === undefined) {
      app = { env, appid, held: new Map(), cells: new Set(), mentions: 0 };
      apps.set(appid, app);
    }
    return app;
  }

  /** A hand that goes round over all instances, a few places with every answer that is made: no sweep, no timer. */
  #prune(places: number, nowMs: number): void {
    for (let place = 0; place < places; place++) {
      const { value: held, done } = this.#hand.next();
      if (done === true) {
        this.#hand = this.#everyHeld();
        return;
      }
      if (held.openCells > 0 || held.heldUntilMs > nowMs) continue;
      const { app, key } = held;
      app.held.delete(key);
      if (app.held.size > 0) continue;
      const apps = this.#envs.get(app.env);
      apps?.delete(app.appid);
      if (apps?.size === 0) this.#envs.delete(app.env);
    }
  }

  *#everyHeld(): Generator<Held> {
    for (const apps of this.#envs.values()) for (const app of apps.values()) yield* app.held.values();
  }
}

function heldOf(app: AppLedger, instance: Instance): Held {
  const key = instanceKey(instance.instance);
  let held = app.held.get(key);
  if (held === undefined) {
    held = { app, key, lastServedMs: never, heldUntilMs: never, openCells: 0 };
    app.held.set(key, held);
  }
  return held;
}

function note(held: Held, servedMs: number, ttlSeconds: number): void {
  held.lastServedMs = Math.max(held.lastServedMs, servedMs);
  held.heldUntilMs = Math.max(held.heldUntilMs, servedMs + holdingMs(ttlSeconds));
}

/** How long after it was sent an answer may lead a client to an instance. TTL 0 is held by nobody (RFC 1035 §3.2.1). */
function holdingMs(ttlSeconds: number): number {
  return (ttlSeconds === 0 ? 0 : ttlSeconds * 1000 + resolverGranularityMs) + onTheWayMs;
}
