// A fleet of instances with clients that behave: they renew at their interval, register again when they are unknown,
// and know nothing of each other. What happens to them is a script of seconds; what a rule did with them is counted.

import type { InstanceKey } from '../../../src/model/names.ts';
import { type Rule, seeded, textOf } from './rules.ts';

export interface Member {
  readonly key: InstanceKey;
  readonly leaseSeconds: number;
  readonly intervalSeconds: number;
  /** It serves, whether the registry hears of it or not. */
  isAlive: boolean;
  /** Its heartbeats arrive. */
  isHeard: boolean;
  isRegistered: boolean;
  diedAt: number | undefined;
  evictedAt: number | undefined;
}

export interface Kind {
  readonly leaseSeconds?: number;
  readonly intervalSeconds?: number;
}

export class Fleet {
  readonly members: Member[] = [];
  readonly rule: Rule;
  readonly #random = seeded(7);
  readonly #byText = new Map<string, Member>();
  /** Whose heartbeat is due in which second. */
  readonly #beats = new Map<number, Member[]>();
  #alive = 0;
  /** Registered, of those alive. */
  #kept = 0;
  now = 0;
  /** Evictions of instances that were alive. */
  wronged = 0;
  lowestShare = 1;
  readonly holds: [from: number, to: number | undefined][] = [];

  constructor(rule: Rule) {
    this.rule = rule;
  }

  /** New instances, numbered on within their app; their first heartbeats are spread over an interval. */
  add(appid: string, size: number, { leaseSeconds = 90, intervalSeconds = 30 }: Kind = {}): Member[] {
    const added: Member[] = [];
    for (let i = 0; i < size; i++) {
      const key = { env: 'prod', appid, instance: `i-${this.members.length}` };
      const state = { isAlive: true, isHeard: true, isRegistered: true, diedAt: undefined, evictedAt: undefined };
      const member: Member = { key, leaseSeconds, intervalSeconds, ...state };
      this.members.push(member);
      this.#byText.set(textOf(key), member);
      this.rule.register(key, leaseSeconds);
      this.#alive++;
      this.#kept++;
      this.#beatAt(this.now + 1 + Math.floor(this.#random() * intervalSeconds), member);
      added.push(member);
    }
    return added;
  }

  /** `apps` apps of `size` each. */
  addApps(apps: number, size: number, kind: Kind = {}): void {
    for (let app = 0; app < apps; app++) this.add(`app-${app}`, size, kind);
  }

  crash(members: readonly Member[]): void {
    for (const member of members) {
      this.#end(member);
      member.diedAt = this.now;
    }
  }

  leave(member: Member): void {
    this.#end(member);
    member.isRegistered = false;
    this.rule.cancel(member.key);
  }

  cut(members: readonly Member[], isCut: boolean): void {
    for (const member of members) if (member.isAlive) member.isHeard = !isCut;
  }

  run(seconds: number, each: (second: number) => void = () => {}): void {
    for (let second = 0; second < seconds; second++) {
      each(second);
      this.now++;
      for (const key of this.rule.second()) this.#evicted(key);
      const beating = this.#beats.get(this.now) ?? [];
      this.#beats.delete(this.now);
      for (const member of beating) this.#beat(member);
      this.#note();
    }
  }

  #beat(member: Member): void {
    if (!member.isAlive) return;
    this.#beatAt(this.now + member.intervalSeconds, member);
    if (!member.isHeard || this.rule.renew(member.key)) return;
    this.rule.register(member.key, member.leaseSeconds);
    member.isRegistered = true;
    this.#kept++;
  }

  #beatAt(second: number, member: Member): void {
    const beats = this.#beats.get(second);
    if (beats === undefined) this.#beats.set(second, [member]);
    else beats.push(member);
  }

  #end(member: Member): void {
    if (!member.isAlive) return;
    member.isAlive = false;
    member.isHeard = false;
    this.#alive--;
    if (member.isRegistered) this.#kept--;
  }

  #evicted(key: InstanceKey): void {
    const member = this.#byText.get(textOf(key)) as Member;
    member.isRegistered = false;
    member.evictedAt = this.now;
    if (!member.isAlive) return;
    this.wronged++;
    this.#kept--;
  }

  #note(): void {
    if (this.#alive > 0) this.lowestShare = Math.min(this.lowestShare, this.#kept / this.#alive);
    const last = this.holds.at(-1);
    if (this.rule.isHolding && (last === undefined || last[1] !== undefined)) this.holds.push([this.now, undefined]);
    if (!this.rule.isHolding && last !== undefined && last[1] === undefined) last[1] = this.now;
  }
}
