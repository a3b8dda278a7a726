// What answers with instances of one app were handed out: a line for each RRset, with the cell of its answer, the TTL and
// the keys of those whom the records lead to. Nothing is kept for each instance, since most are never asked about: whoever
// asks has the lines read. A line is struck out when its cell is closed and what it said can be held no more.
// Limits: `mentionsMax` instances in all lines. Above it the oldest lines are closed, so that their answers are made anew,
// and what they knew goes into one number an instance.

import { instanceKey } from '../../model/names.ts';
import type { LeasedInstance } from '../../model/view.ts';
import type { InstanceSource } from '../message/message.ts';

/** One answer: when it was last served, which is set by whoever serves it again. */
export interface ServeRecord {
  lastServedMs: number;
  /** False: the answer must not be served again. */
  isOpen: boolean;
}

/** Until when answers with an instance may be held, and when the last one was served; monotonic milliseconds. */
export interface Held {
  lastServedMs: number;
  heldUntilMs: number;
}

interface Line {
  readonly cell: ServeRecord;
  readonly ttl: number;
  /** See instanceKey. An instance may stand there twice. */
  readonly keys: readonly string[];
}

/** Resolvers count a TTL in whole seconds from the one in which the answer came: Unbound and dnsmasq hold up to one longer. */
const resolverGranularityMs = 1000;
/** Our answer's way to the resolver, and from a client's look-up to its first packet, on a machine that is busy. */
const onTheWayMs = 500;
/** Reading this many takes some 5 ms: what a drain may have to wait for. */
const mentionsMax = 65_536;
/** Once the lines are too many, room for as many as this is made at once: each line is then moved once. */
const mentionsKept = 49_152;
/** Looked through whenever the hand comes by; more lines only after some time. */
const linesAtOnce = 16;
const strikeAfterMs = 10_000;

export class AppLedger {
  readonly env: string;
  readonly appid: string;
  #lines: Line[] = [];
  /** Instances in all lines. */
  #mentions = 0;
  /** Lines before this one are closed. */
  #openFrom = 0;
  /** Lines that may be added before it is worth while to look for some to strike out. */
  #room = linesAtOnce;
  #struckAtMs = Number.NEGATIVE_INFINITY;
  /** Of lines that are no more, by key. Of few apps there are any. */
  #held: Map<string, Held> | undefined;

  constructor(env: string, appid: string) {
    this.env = env;
    this.appid = appid;
  }

  /** An answer is handed out at `nowMs` that leads to these instances for `ttl` seconds. */
  open(cell: ServeRecord, behind: readonly InstanceSource[], ttl: number, nowMs: number): void {
    if (--this.#room < 0) this.#strike(nowMs);
    const line = { cell, ttl, keys: keysOf(behind) };
    // Of most apps it stays the only one, and a list that was pushed to has room for sixteen more.
    if (this.#lines.length === 0) this.#lines = [line];
    else this.#lines.push(line);
    this.#mentions += line.keys.length;
    if (this.#mentions > mentionsMax) this.#makeRoom();
  }

  /** No answer made before is served again. */
  closeAll(): void {
    for (let at = this.#openFrom; at < this.#lines.length; at++) (this.#lines[at] as Line).cell.isOpen = false;
    this.#openFrom = this.#lines.length;
  }

  /** Adds to what is known of an instance (see instanceKey). */
  note(key: string, lastServedMs: number, heldUntilMs: number): void {
    this.#held ??= new Map();
    const held = this.#held.get(key);
    if (held === undefined) this.#held.set(key, { lastServedMs, heldUntilMs });
    else join(held, lastServedMs, heldUntilMs);
  }

  /** What the answers say that may still be held; undefined: there is none with it. */
  held(key: string, nowMs: number): Held | undefined {
    const known = this.#held?.get(key);
    let held = known === undefined || known.heldUntilMs <= nowMs ? undefined : { ...known };
    for (const line of this.#lines) {
      const untilMs = heldUntilMs(line);
      if (untilMs <= nowMs || !line.keys.includes(key)) continue;
      held ??= { lastServedMs: line.cell.lastServedMs, heldUntilMs: untilMs };
      join(held, line.cell.lastServedMs, untilMs);
    }
    return held;
  }

  /** Called now and then; true: there is nothing left in it. */
  isEmptied(nowMs: number): boolean {
    const isShort = this.#size <= linesAtOnce;
    if (isShort || nowMs - this.#struckAtMs >= strikeAfterMs) this.#strike(nowMs);
    return this.#size === 0;
  }

  /** Keys of the instances in it. */
  keys(): ReadonlySet<string> {
    const keys = new Set(this.#held?.keys());
    for (const line of this.#lines) for (const key of line.keys) keys.add(key);
    return keys;
  }

  *openCells(): Generator<ServeRecord> {
    for (const { cell } of this.#lines) if (cell.isOpen) yield cell;
  }

  get #size(): number {
    return this.#lines.length + (this.#held?.size ?? 0);
  }

  /** Strikes out what nobody can hold any more. */
  #strike(nowMs: number): void {
    const isKept = (line: Line) => line.cell.isOpen || heldUntilMs(line) > nowMs;
    if (!this.#lines.every(isKept)) this.#keep(this.#lines.filter(isKept));
    for (const [key, held] of this.#held ?? []) if (held.heldUntilMs <= nowMs) this.#held?.delete(key);
    if (this.#held?.size === 0) this.#held = undefined;
    this.#room = Math.max(linesAtOnce, this.#size);
    this.#struckAtMs = nowMs;
  }

  #makeRoom(): void {
    let gone = 0;
    let left = this.#mentions;
    // The last one was just added.
    while (left > mentionsKept && gone < this.#lines.length - 1) {
      const line = this.#lines[gone++] as Line;
      line.cell.isOpen = false;
      left -= line.keys.length;
      for (const key of line.keys) this.note(key, line.cell.lastServedMs, heldUntilMs(line));
    }
    this.#keep(this.#lines.slice(gone));
  }

  #keep(lines: Line[]): void {
    this.#lines = lines;
    this.#mentions = lines.reduce((sum, { keys }) => sum + keys.length, 0);
    this.#openFrom = 0;
  }
}

/** How long after it was sent an answer may lead a client to an instance. TTL 0 is held by nobody (RFC 1035 §3.2.1). */
export function holdingMs(ttlSeconds: number): number {
  return (ttlSeconds === 0 ? 0 : ttlSeconds * 1000 + resolverGranularityMs) + onTheWayMs;
}

function heldUntilMs({ cell, ttl }: Line): number {
  return cell.lastServedMs + holdingMs(ttl);
}

function join(held: Held, lastServedMs: number, untilMs: number): void {
  held.lastServedMs = Math.max(held.lastServedMs, lastServedMs);
  held.heldUntilMs = Math.max(held.heldUntilMs, untilMs);
}

function keysOf(behind: readonly InstanceSource[]): string[] {
  if (behind.some(isSeveral)) return behind.flat().map(keyOf);
  return behind.map((one) => keyOf(one as LeasedInstance));
}

function keyOf({ instance }: LeasedInstance): string {
  return instanceKey(instance.instance);
}

function isSeveral(one: InstanceSource): boolean {
  return Array.isArray(one);
}
