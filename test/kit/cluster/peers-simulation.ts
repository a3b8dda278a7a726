// Several nodes of a cluster without etcd in a simulated world: each with its store, its ownership machine and its own view of
// who lives; clients that renew anywhere; messages that are late, lost or out of order, ways that are cut, nodes that crash
// and pause. Nothing here is real time, and the same seed gives the same run.

import type { KeyEvent } from '../../../src/cluster/engine.ts';
import type { Intent, OwnedRecord, OwnershipEvent } from '../../../src/cluster/ownership/ownership-events.ts';
import { DeathWatch, silenceMs } from '../../../src/cluster/peers-engine/death-watch.ts';
import { keptOf } from '../../../src/cluster/peers-engine/kept-value.ts';
import { instancePathOf, sharedKind } from '../../../src/cluster/peers-engine/shared-paths.ts';
import { seededNumbers } from './cluster-nemesis.ts';
import { prefix } from './shared-stores.ts';
import { isHearingThere, repliesOf } from './simulated-link.ts';
import { ceilingMs, SimulatedNode } from './simulated-node.ts';

export const leaseMs = 9000;
export const intervalMs = 3000;
const callMs = 500;
/** Two calls that fail, a swap, and the way of each. */
const racingMs = 2 * callMs + 400;

export interface PeersFault {
  readonly kind: 'cut' | 'isolate' | 'crash' | 'pause';
  readonly node: number;
  readonly atMs: number;
  readonly forMs: number;
}

export class PeersSimulation {
  readonly nodes: readonly SimulatedNode[];
  readonly keys: readonly string[];
  readonly silent = new Set<string>();
  readonly cancelled = new Set<string>();
  /** When a node that was not cut off answered its renewal with 200, in truth. */
  readonly ackedMs = new Map<string, number>();
  readonly #ackedBeforeMs = new Map<string, number>();
  readonly violations: string[] = [];
  reasserted = 0;
  #nowMs = 1_000_000;
  #actions: { readonly atMs: number; readonly act: () => void }[] = [];
  readonly #cut = new Set<string>();
  readonly #random: () => number;
  #lossRate: number;

  constructor(options: { seed: number; nodes: number; instances: number; isSprayed: boolean; lossRate: number }) {
    this.#random = seededNumbers(options.seed);
    this.#lossRate = options.lossRate;
    this.nodes = Array.from({ length: options.nodes }, (_, index) => new SimulatedNode(`n${index}`));
    for (const node of this.nodes) this.#begin(node);
    this.keys = Array.from({ length: options.instances }, (_, index) => `i/prod/app/o${index}`);
    for (const [index, key] of this.keys.entries()) {
      const home = this.nodes[index % this.nodes.length] as SimulatedNode;
      home.stored.register(key, `http://10.0.0.${index}:80`);
      this.#renewForEver(key, index, options.isSprayed);
    }
    for (const node of this.nodes) for (const other of this.nodes) if (other !== node) this.#copyAll(node, other);
    for (const node of this.nodes) {
      this.#beat(node);
      this.#look(node);
      this.#replicate(node);
    }
  }

  get startMs(): number {
    return 1_000_000;
  }

  inject({ kind, node: index, atMs, forMs }: PeersFault): void {
    const node = this.nodes[index % this.nodes.length] as SimulatedNode;
    const others = this.nodes.filter((one) => one !== node);
    const cut = kind === 'cut' ? others.slice(0, 1) : kind === 'isolate' ? others : [];
    this.#later(atMs, () => {
      for (const one of cut) this.#cut.add(link(node, one));
      if (kind === 'pause') node.isPaused = true;
      if (kind === 'crash') node.isUp = false;
    });
    this.#later(atMs + forMs, () => {
      for (const one of cut) this.#cut.delete(link(node, one));
      if (kind === 'pause') node.isPaused = false;
      if (kind === 'crash') this.#restart(node);
    });
  }

  /** By an operator, at a node that works; what is not answered may not have been done. */
  cancel(key: string, index: number): void {
    const node = this.nodes[index % this.nodes.length] as SimulatedNode;
    this.silent.add(key);
    if (!node.works) return;
    if (node.stored.remove(key, 'cancelled')) this.cancelled.add(key);
  }

  calm(): void {
    this.#lossRate = 0;
  }

  runUntil(endMs: number): void {
    while (this.#nowMs < this.startMs + endMs) {
      this.#nowMs += 20;
      for (const node of this.nodes) node.stored.wallMs = this.#nowMs;
      const due = this.#actions.filter(({ atMs }) => atMs <= this.#nowMs).sort((a, b) => a.atMs - b.atMs);
      this.#actions = this.#actions.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { act } of due) act();
    }
  }

  #later(inMs: number, act: () => void): void {
    this.#actions.push({ atMs: this.#nowMs + inMs, act });
  }

  #delayMs(): number {
    return 5 + this.#random() * 100;
  }

  #reaches(a: SimulatedNode, b: SimulatedNode): boolean {
    return a.works && b.works && !this.#cut.has(link(a, b)) && this.#random() >= this.#lossRate;
  }

  #begin(node: SimulatedNode): void {
    node.stored.isHeard = (path) => {
      const isHeard = node.ownership.isHeard(path, this.#nowMs);
      if (isHeard) this.reasserted++;
      return isHeard;
    };
    node.stored.onGroup = (events) => this.#onGroup(node, events);
    for (const { name } of this.nodes) if (name !== node.name) node.living.add(name);
  }

  #copyAll(node: SimulatedNode, other: SimulatedNode): void {
    node.stored.hear(other.stored);
    node.cursors.set(other.name, other.stored.store.revision);
    node.heardMs.set(other.name, this.#nowMs);
  }

  /** With the store that it had; the rest it finds out again. */
  #restart(node: SimulatedNode): void {
    node.isUp = true;
    node.isJoined = false;
    node.ownership = node.fresh();
    node.deaths = new DeathWatch(ceilingMs);
    node.living.clear();
    for (const { name } of this.nodes) if (name !== node.name) node.living.add(name);
    node.heardMs.clear();
    for (const other of this.nodes) if (other !== node && this.#reaches(node, other)) this.#copyAll(node, other);
    for (const { key, value } of node.stored.store.entries()) {
      const path = key.slice(prefix.length);
      if (path.startsWith('i/')) this.#recordIn(node, path, value);
    }
  }

  #onGroup(node: SimulatedNode, events: readonly KeyEvent[]): void {
    for (const event of events) {
      const path = (event.kind === 'put' ? event.entry.key : event.key).slice(prefix.length);
      if (!path.startsWith('i/')) continue;
      if (event.kind === 'put') this.#recordIn(node, path, event.entry.value);
      else {
        const grave = events.find((one) => one.kind === 'put' && one.entry.key === `${prefix}g${path.slice(1)}`);
        const fields = grave?.kind === 'put' ? JSON.parse(new TextDecoder().decode(grave.entry.value)) : {};
        this.#give(node, { kind: 'removed', key: path, why: fields.why, operation: String(fields.u) });
      }
    }
  }

  #recordIn(node: SimulatedNode, path: string, value: Uint8Array): void {
    const { o: owner, u: operation, c, d } = JSON.parse(new TextDecoder().decode(value));
    const modRevision = node.stored.store.textOf(path)?.revision ?? 0;
    const thenMs = Number.POSITIVE_INFINITY;
    const record: OwnedRecord = {
      owner,
      operation,
      modRevision,
      leaseMs,
      intervalMs,
      atEnd: 'evict',
      deadline: 'first',
      thenMs,
    };
    const isRegistration = d === undefined && (c?.why === 'registered' || c?.why === 'replaced');
    this.#give(node, { kind: 'record', key: path, record, isRegistration });
  }

  #give(node: SimulatedNode, event: OwnershipEvent): void {
    if (!node.works) return;
    for (const intent of node.ownership.handle(event, this.#nowMs)) this.#carryOut(node, intent);
  }

  /** Each second: hello. */
  #beat(node: SimulatedNode): void {
    this.#later(1000, () => this.#beat(node));
    for (const peer of this.nodes)
      if (peer !== node && this.#reaches(node, peer)) this.#later(this.#delayMs(), () => this.#hello(peer, node.name));
  }

  #hello(node: SimulatedNode, from: string): void {
    if (!node.works) return;
    node.heardMs.set(from, this.#nowMs);
    this.#give(node, { kind: 'hello', node: from });
    if (node.living.has(from)) return;
    node.living.add(from);
    this.#give(node, { kind: 'back', node: from });
    this.#executes(node);
  }

  #executes(node: SimulatedNode): void {
    const dead = this.nodes.map(({ name }) => name).filter((name) => name !== node.name && !node.living.has(name));
    this.#give(node, { kind: 'executor', of: new Set(dead) });
  }

  /** Who lives, whether it is cut off itself, and the ends of leases. */
  #look(node: SimulatedNode): void {
    this.#later(100, () => this.#look(node));
    if (!node.works) return;
    const others = this.nodes.flatMap(({ name }) =>
      name === node.name ? [] : [{ node: name, heardMs: node.heardMs.get(name) ?? 0, isDead: !node.living.has(name) }],
    );
    const { isCut, provenUntilMs, ask } = node.deaths.look(this.#nowMs, others);
    node.provenUntilMs = provenUntilMs;
    node.stored.hasSession = !isCut;
    this.#give(node, { kind: 'proven', untilMs: provenUntilMs });
    if (isCut === node.isJoined) {
      node.isJoined = !isCut;
      this.#give(node, { kind: isCut ? 'cut' : 'joined' });
    }
    for (const one of ask) this.#askAbout(node, one);
    const tickMs = node.ownership.nextTickMs();
    if (tickMs !== undefined && tickMs <= this.#nowMs) this.#give(node, { kind: 'tick' });
  }

  #askAbout(node: SimulatedNode, name: string): void {
    const heard = this.nodes.flatMap((one) => {
      if (one === node || one.name === name || !this.#reaches(node, one) || !this.#reaches(one, node)) return [];
      return [this.#nowMs - (one.heardMs.get(name) ?? 0) < silenceMs];
    });
    this.#later(this.#delayMs(), () => {
      const isCut = this.#nowMs >= node.provenUntilMs;
      if (!node.works || !node.deaths.answered(name, heard, isCut, this.#nowMs)) return;
      node.living.delete(name);
      this.#give(node, { kind: 'dead', node: name });
      this.#executes(node);
    });
  }

  /** Each follows each of the others; what it cannot have from itself it has from a third. */
  #replicate(node: SimulatedNode): void {
    this.#later(40 + this.#random() * 80, () => this.#replicate(node));
    if (!node.works) return;
    for (const other of this.nodes) {
      if (other === node || !this.#reaches(other, node)) continue;
      const from = node.cursors.get(other.name) ?? 0;
      const { store } = other.stored;
      const isAll = this.nodes.some(
        (one) => one !== node && one !== other && (!one.works || this.#cut.has(link(one, node))),
      );
      const paths = store
        .changedAfter(isAll ? 0 : from)
        .filter((path) => isAll || store.textOf(path)?.author === other.name);
      const lines = paths.map((path) => [path, store.textOf(path)?.text ?? ''] as const);
      const at = store.revision;
      this.#later(this.#delayMs(), () => this.#take(node, other.name, lines, at));
    }
  }

  /** Late ones come out of order. */
  #take(node: SimulatedNode, from: string, lines: readonly (readonly [string, string])[], at: number): void {
    if (!node.works) return;
    for (const [path, text] of lines) {
      const kind = sharedKind(path);
      const { d: _d, ...value } = JSON.parse(text);
      const kept = kind && keptOf(kind, value);
      if (kept !== undefined) node.stored.store.merge(instancePathOf(path), kept);
    }
    node.cursors.set(from, Math.max(at, node.cursors.get(from) ?? 0));
  }

  #renewForEver(key: string, index: number, isSprayed: boolean): void {
    const renew = (attempt: number): void => {
      if (this.silent.has(key)) return;
      const any = Math.floor(this.#random() * this.nodes.length);
      const node = this.nodes[(isSprayed || attempt > 0 ? any : index) % this.nodes.length] as SimulatedNode;
      if (node.works) this.#give(node, { kind: 'renewal', key });
      else if (attempt < 20) this.#later(200, () => renew(attempt + 1));
    };
    const forEver = (): void => {
      renew(0);
      this.#later(intervalMs, forEver);
    };
    this.#later(this.#random() * intervalMs, forEver);
  }

  #carryOut(node: SimulatedNode, intent: Intent): void {
    switch (intent.kind) {
      case 'swap':
        this.#later(5, () => this.#swap(node, node.run, intent));
        break;
      case 'forward':
      case 'relay':
        this.#later(this.#delayMs(), () => this.#forward(node, intent));
        break;
      case 'forward-joined': {
        const peer = this.nodes.find((one) => one !== node && one.isJoined && this.#reaches(node, one));
        if (peer !== undefined) this.#give(peer, { kind: 'forwarded', key: intent.key, heardMs: intent.heardMs });
        break;
      }
      case 'ask-lately':
      case 'ask-heard':
        this.#later(this.#delayMs(), () => this.#ask(node, intent.kind, intent.key));
        break;
      case 'reply':
        if (intent.reply === 'renewed' && this.#isConnected(node)) this.#acked(intent.key);
        // The client registers again, as it would.
        else if (intent.reply === 'unknown' && !this.silent.has(intent.key))
          node.stored.register(intent.key, `http://10.0.1.${intent.key.length}:80`);
        break;
      default:
        break;
    }
  }

  /** In truth: it finds out that it is cut off some seconds later. */
  #isConnected(node: SimulatedNode): boolean {
    const others = this.nodes.filter((one) => one !== node);
    const reached = others.filter((one) => one.works && !this.#cut.has(link(one, node)));
    return node.isJoined && reached.length * 2 >= others.length;
  }

  #acked(key: string): void {
    this.#ackedBeforeMs.set(key, this.ackedMs.get(key) ?? 0);
    this.ackedMs.set(key, this.#nowMs);
  }

  #swap(node: SimulatedNode, run: number, { key, id, change, expected, fence }: Intent & { kind: 'swap' }): void {
    if (!node.works || node.run !== run) return;
    const { stored } = node;
    const revision = stored.store.textOf(key)?.revision;
    const isFenced =
      (fence.session && !stored.hasSession) || (fence.without !== undefined && node.living.has(fence.without));
    const isOther = (revision ?? 'absent') !== expected;
    const answer = (verdict: (OwnershipEvent & { kind: 'swapped' })['verdict']): void =>
      this.#give(node, { kind: 'swapped', key, id, verdict });
    if (isFenced || isOther) {
      answer('failed');
      return;
    }
    if (change === 'evict') this.#judgeEviction(node, key);
    if (change === 'evict') stored.remove(key, 'evicted', id);
    else if (change === 'take-over') stored.takeOver(key, id);
    else if (change === 'return') stored.register(key, 'http://10.0.2.1:80', this.#nowMs, undefined, id);
    answer('won');
  }

  #judgeEviction(node: SimulatedNode, key: string): void {
    // One that was heard before its hearing could be forwarded comes back where it was heard.
    const lastMs = this.ackedMs.get(key) ?? this.startMs;
    const heardMs = this.#nowMs - lastMs > racingMs ? lastMs : (this.#ackedBeforeMs.get(key) ?? 0);
    const silentMs = this.#nowMs - heardMs;
    if (!this.silent.has(key) && silentMs < leaseMs * 0.99)
      this.violations.push(`${node.name} evicted ${key}, heard ${silentMs} ms ago, at ${this.#nowMs - this.startMs}`);
  }

  #forward(node: SimulatedNode, { kind, owner, key, heardMs }: Intent & { kind: 'forward' | 'relay' }): void {
    const to = this.nodes.find(({ name }) => name === owner) as SimulatedNode;
    const reaches = (a: SimulatedNode, b: SimulatedNode) => this.#reaches(a, b);
    const isThere = isHearingThere(kind, this.nodes, [node, to], reaches);
    if (isThere) this.#give(to, { kind: 'forwarded', key, heardMs });
    else
      this.#later(callMs, () =>
        this.#give(node, { kind: kind === 'forward' ? 'not-forwarded' : 'not-relayed', key, owner }),
      );
  }

  #ask(node: SimulatedNode, kind: 'ask-lately' | 'ask-heard', key: string): void {
    const { isComplete, heardMs, owner } = repliesOf(this.nodes, node, {
      key,
      reaches: (a, b) => this.#reaches(a, b),
      isLiving: (name) => node.living.has(name),
      at: (_peer, ms) => ms,
    });
    const event: OwnershipEvent =
      kind === 'ask-lately'
        ? { kind: 'lately-answer', key, heardMs, isComplete }
        : { kind: 'heard-answer', key, owner, isUncertain: false };
    this.#later(isComplete ? this.#delayMs() : callMs, () => this.#give(node, event));
  }
}

function link(a: SimulatedNode, b: SimulatedNode): string {
  return a.name < b.name ? `${a.name} ${b.name}` : `${b.name} ${a.name}`;
}
