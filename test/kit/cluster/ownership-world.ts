// Several nodes' ownership machines in a simulated world: clients that renew anywhere, messages that are late or lost,
// links that are cut, nodes that crash and pause, clocks of different speed. Nothing here is real time, and the same seed
// gives the same run.

import { Ownership } from '../../../src/cluster/ownership/ownership.ts';
import type { Intent, OwnershipEvent } from '../../../src/cluster/ownership/ownership-events.ts';
import { intervalMs, leaseMs, OwnershipEtcd, sessionMs } from './ownership-etcd.ts';
import { isHearingThere, repliesOf } from './simulated-link.ts';

export interface Fault {
  readonly kind: 'cut-nodes' | 'cut-etcd' | 'isolate' | 'crash' | 'pause';
  readonly node: number;
  readonly atMs: number;
  readonly forMs: number;
}

const callMs = 500;
/** Two calls that fail, a swap, and the way of each. */
const racingMs = 2 * callMs + 300;

class Node {
  readonly name: string;
  ownership: Ownership;
  run = 0;
  isUp = true;
  isPaused = false;
  isJoined = false;
  unread: OwnershipEvent[] = [];
  /** How much of etcd's log it has seen. */
  at = 0;
  session = 0;
  answeredMs = 0;
  readonly live = new Set<string>();
  readonly goneMs = new Map<string, number>();
  readonly hellosMs = new Map<string, number>();
  readonly dead = new Set<string>();
  readonly rate: number;
  /** What the pauses of this process took, which its clock does not count. */
  pausedMs = 0;

  constructor(name: string, rate: number) {
    this.name = name;
    this.rate = rate;
    this.ownership = this.fresh();
  }

  fresh(): Ownership {
    return new Ownership({ me: this.name, idPrefix: `${this.name}-${++this.run}-`, mayEvict: () => true });
  }

  local(nowMs: number): number {
    return 1_000_000 + (nowMs - this.pausedMs) * this.rate;
  }
}

export class OwnershipWorld {
  readonly etcd = new OwnershipEtcd();
  readonly nodes: readonly Node[];
  readonly keys: readonly string[];
  readonly silent = new Set<string>();
  /** When each instance last got 200 from a node that was joined and could reach etcd. */
  readonly ackedMs = new Map<string, number>();
  /** The one before that. */
  readonly ackedBeforeMs = new Map<string, number>();
  readonly violations: string[] = [];
  reregistered = 0;
  takeOvers = 0;
  #nowMs = 0;
  #actions: { atMs: number; act: () => void }[] = [];
  readonly #cut = new Set<string>();
  #seed: number;
  #lossRate: number;

  constructor(options: { seed: number; nodes: number; instances: number; isSprayed: boolean; lossRate: number }) {
    this.#seed = options.seed;
    this.#lossRate = options.lossRate;
    this.nodes = Array.from({ length: options.nodes }, (_, index) => new Node(`n${index}`, 1 + (index - 1) * 0.0005));
    for (const node of this.nodes) this.#join(node);
    this.keys = Array.from({ length: options.instances }, (_, index) => `i/${index}`);
    for (const [index, key] of this.keys.entries()) {
      const home = this.nodes[index % this.nodes.length] as Node;
      this.etcd.register(key, home.name, `reg-${key}`);
      this.ackedMs.set(key, 0);
      this.#renewForEver(key, index, options.isSprayed);
    }
    for (const node of this.nodes) this.#beat(node);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  inject({ kind, node: index, atMs, forMs }: Fault): void {
    const node = this.nodes[index % this.nodes.length] as Node;
    const others = this.nodes.filter((one) => one !== node);
    const links =
      kind === 'cut-nodes'
        ? [link(node.name, others[0]?.name ?? '')]
        : kind === 'cut-etcd'
          ? [link(node.name, 'etcd')]
          : kind === 'isolate'
            ? [link(node.name, 'etcd'), ...others.map(({ name }) => link(node.name, name))]
            : [];
    this.#later(atMs - this.#nowMs, () => {
      for (const one of links) this.#cut.add(one);
      if (kind === 'crash') this.#crash(node, forMs);
      if (kind === 'pause') this.#pause(node, forMs);
    });
    this.#later(atMs - this.#nowMs + forMs, () => {
      for (const one of links) this.#cut.delete(one);
    });
  }

  /** No message is lost from now on. */
  calm(): void {
    this.#lossRate = 0;
  }

  runUntil(endMs: number): void {
    while (this.#nowMs < endMs) {
      this.#nowMs += 10;
      const due = this.#actions.filter(({ atMs }) => atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs);
      this.#actions = this.#actions.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { act } of due) act();
      this.etcd.expire(this.#nowMs);
      for (const node of this.nodes) this.#turn(node);
    }
  }

  #random(): number {
    // mulberry32
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  #later(inMs: number, act: () => void): void {
    this.#actions.push({ atMs: this.#nowMs + inMs, act });
  }

  #works({ isUp, isPaused }: Node): boolean {
    return isUp && !isPaused;
  }

  #reaches(a: Node, b: Node): boolean {
    return this.#works(a) && this.#works(b) && !this.#cut.has(link(a.name, b.name)) && this.#random() >= this.#lossRate;
  }

  #reachesEtcd(node: Node): boolean {
    return this.#works(node) && !this.#cut.has(link(node.name, 'etcd'));
  }

  /** What a paused process would have read, it reads when it goes on. */
  #give(node: Node, event: OwnershipEvent): void {
    if (node.isPaused && node.isUp) node.unread.push(event);
    if (!this.#works(node)) return;
    for (const intent of node.ownership.handle(event, node.local(this.#nowMs))) this.#carryOut(node, intent);
  }

  /** What a node does by itself: it reads etcd's log, and looks at its leases. */
  #turn(node: Node): void {
    if (!this.#works(node)) return;
    if (this.#reachesEtcd(node) && this.#random() < 0.5) this.#follow(node);
    const tickMs = node.ownership.nextTickMs();
    if (tickMs !== undefined && tickMs <= node.local(this.#nowMs)) this.#give(node, { kind: 'tick' });
    this.#judgeNodes(node);
  }

  #follow(node: Node): void {
    node.answeredMs = this.#nowMs;
    for (; node.at < this.etcd.log.length; node.at++) {
      const entry = this.etcd.log[node.at];
      if (entry?.kind === 'record') this.#give(node, entry);
      else if (entry?.kind === 'removed') this.#give(node, { ...entry, why: 'evicted' });
      else if (entry?.isLive) {
        node.live.add(entry.node);
        node.goneMs.delete(entry.node);
      } else if (entry !== undefined) {
        node.live.delete(entry.node);
        node.goneMs.set(entry.node, this.#nowMs);
      }
    }
    if (!node.isJoined && this.etcd.sessions.get(node.name)?.number === node.session) {
      node.isJoined = true;
      this.#give(node, { kind: 'joined' });
    }
  }

  #judgeNodes(node: Node): void {
    if (node.isJoined && this.#nowMs - node.answeredMs > 3000) {
      node.isJoined = false;
      this.#give(node, { kind: 'cut' });
    }
    if (!node.isJoined) return;
    let hasChanged = false;
    for (const { name } of this.nodes) {
      if (name === node.name) continue;
      const gone = node.goneMs.get(name);
      const isSilent = this.#nowMs - (node.hellosMs.get(name) ?? 0) > 3000;
      const isDead = gone !== undefined && (isSilent || this.#nowMs - gone > sessionMs);
      if (isDead === node.dead.has(name)) continue;
      hasChanged = true;
      if (isDead) node.dead.add(name);
      else node.dead.delete(name);
      this.#give(node, { kind: isDead ? 'dead' : 'back', node: name });
    }
    if (!hasChanged) return;
    const lowest = [...node.live].sort()[0];
    this.#give(node, { kind: 'executor', of: lowest === node.name ? new Set(node.dead) : new Set() });
  }

  /** Each second: hello to the peers, and the session kept alive. */
  #beat(node: Node): void {
    this.#later(1000, () => this.#beat(node));
    if (!this.#works(node)) return;
    for (const peer of this.nodes) {
      if (peer === node || !this.#reaches(node, peer)) continue;
      peer.hellosMs.set(node.name, this.#nowMs);
      this.#give(peer, { kind: 'hello', node: node.name });
    }
    if (!this.#reachesEtcd(node)) return;
    const session = this.etcd.sessions.get(node.name);
    if (session?.number !== node.session) node.session = this.etcd.openSession(node.name, this.#nowMs);
    else session.untilMs = this.#nowMs + sessionMs;
    this.#give(node, { kind: 'proven', untilMs: node.local(this.#nowMs) + sessionMs - 1000 });
  }

  #join(node: Node): void {
    node.session = this.etcd.openSession(node.name, this.#nowMs);
    node.answeredMs = this.#nowMs;
    for (const { name } of this.nodes) node.hellosMs.set(name, this.#nowMs);
  }

  #crash(node: Node, forMs: number): void {
    node.isUp = false;
    node.isJoined = false;
    this.#later(forMs, () => {
      node.isUp = true;
      node.isPaused = false;
      node.isJoined = false;
      node.unread = [];
      node.ownership = node.fresh();
      node.live.clear();
      node.goneMs.clear();
      node.dead.clear();
      // A list is what the log leads to.
      node.at = 0;
      this.#join(node);
    });
  }

  #pause(node: Node, forMs: number): void {
    if (!this.#works(node)) return;
    node.isPaused = true;
    this.#later(forMs, () => {
      if (!node.isPaused) return;
      node.isPaused = false;
      node.pausedMs += forMs;
      this.#give(node, { kind: 'proven', untilMs: Number.NEGATIVE_INFINITY });
      for (const event of node.unread.splice(0)) this.#give(node, event);
    });
  }

  #renewForEver(key: string, index: number, isSprayed: boolean): void {
    const renew = (attempt: number): void => {
      if (this.silent.has(key)) return;
      const any = Math.floor(this.#random() * this.nodes.length);
      const node = this.nodes[(isSprayed || attempt > 0 ? any : index) % this.nodes.length] as Node;
      if (this.#works(node)) this.#give(node, { kind: 'renewal', key });
      else this.#later(200, () => renew(attempt + 1));
    };
    const forEver = (): void => {
      renew(0);
      this.#later(intervalMs, forEver);
    };
    this.#later(this.#random() * intervalMs, forEver);
  }

  #carryOut(node: Node, intent: Intent): void {
    const delayMs = 1 + this.#random() * 60;
    switch (intent.kind) {
      case 'swap':
        this.#later(delayMs, () => this.#swap(node, node.run, intent));
        break;
      case 'forward':
      case 'relay':
        this.#later(delayMs, () => this.#forward(node, intent));
        break;
      case 'forward-joined': {
        const peer = this.nodes.find((one) => one !== node && one.isJoined && this.#reaches(node, one));
        if (peer !== undefined) this.#forwarded(node, peer, intent.key, intent.heardMs);
        break;
      }
      case 'ask-lately':
      case 'ask-heard':
        this.#later(delayMs, () => this.#ask(node, intent.kind, intent.key));
        break;
      case 'suspect':
      case 'withdraw':
        // It may be too late for that, so here it always is.
        break;
      case 'reply':
        if (intent.reply === 'renewed' && node.isJoined && this.#reachesEtcd(node)) this.#acked(intent.key);
        // The client registers again, as it would.
        if (intent.reply === 'unknown' && node.isJoined && !this.etcd.records.has(intent.key)) {
          this.reregistered++;
          this.etcd.register(intent.key, node.name, `again-${this.reregistered}`);
        }
    }
  }

  #swap(node: Node, run: number, intent: Intent & { kind: 'swap' }): void {
    const { key, id } = intent;
    const answer = (verdict: (OwnershipEvent & { kind: 'swapped' })['verdict']): void =>
      this.#later(1 + this.#random() * 60, () => {
        if (node.run === run) this.#give(node, { kind: 'swapped', key, id, verdict });
      });
    if (!this.#reachesEtcd(node)) {
      this.#later(callMs, () => answer('failed'));
      return;
    }
    const lost = this.etcd.swap(intent, node.name, node.session);
    if (lost === undefined && intent.change === 'take-over') this.takeOvers++;
    if (lost === undefined && intent.change === 'evict') this.#judgeEviction(node, key);
    // A reply may be lost; the watch has the rest.
    answer(lost ?? (this.#random() < this.#lossRate ? 'failed' : 'won'));
  }

  #acked(key: string): void {
    this.ackedBeforeMs.set(key, this.ackedMs.get(key) ?? 0);
    this.ackedMs.set(key, this.#nowMs);
  }

  /** One that was heard while the swap was in flight, or before its hearing could be forwarded, comes back: that is allowed. */
  #judgeEviction(node: Node, key: string): void {
    // An instance that has died meanwhile may go early where a last hearing cannot be forwarded to the owner.
    if (this.silent.has(key)) return;
    const lastMs = this.ackedMs.get(key) ?? 0;
    const heardMs = this.#nowMs - lastMs > racingMs ? lastMs : (this.ackedBeforeMs.get(key) ?? 0);
    const silentMs = this.#nowMs - heardMs;
    if (silentMs < leaseMs * 0.99) this.violations.push(`${node.name} evicted ${key}, heard ${silentMs} ms ago`);
  }

  #forwarded(from: Node, to: Node, key: string, heardMs: number): void {
    const agoMs = from.local(this.#nowMs) - heardMs;
    this.#give(to, { kind: 'forwarded', key, heardMs: to.local(this.#nowMs) - agoMs });
  }

  #forward(node: Node, { kind, owner, key, heardMs }: Intent & { kind: 'forward' | 'relay' }): void {
    const to = this.nodes.find(({ name }) => name === owner) as Node;
    const reaches = (a: Node, b: Node) => this.#reaches(a, b);
    const isThere = isHearingThere(kind, this.nodes, [node, to], reaches);
    if (isThere) this.#forwarded(node, to, key, heardMs);
    else
      this.#later(callMs, () =>
        this.#give(node, { kind: kind === 'forward' ? 'not-forwarded' : 'not-relayed', key, owner }),
      );
  }

  #ask(node: Node, kind: 'ask-lately' | 'ask-heard', key: string): void {
    const { isComplete, heardMs, owner } = repliesOf(this.nodes, node, {
      key,
      reaches: (a, b) => this.#reaches(a, b),
      isLiving: (name) => node.live.has(name),
      at: (peer, ms) => node.local(this.#nowMs) - (peer.local(this.#nowMs) - ms),
    });
    const event: OwnershipEvent =
      kind === 'ask-lately'
        ? { kind: 'lately-answer', key, heardMs, isComplete }
        : { kind: 'heard-answer', key, owner, isUncertain: !node.isJoined };
    this.#later(isComplete ? 1 + this.#random() * 60 : callMs, () => this.#give(node, event));
  }
}

function link(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
