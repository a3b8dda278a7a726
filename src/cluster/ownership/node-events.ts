// What happens to nodes, for the ownership of instances: a node dies, comes back or takes its leave, and this one joins
// and is cut off. Deaths are decided elsewhere (by a session that is gone and hellos that do not come); here is what
// follows for the instances of the dead.

import type { InstanceView } from './instance-view.ts';
import type { LeaseEnds } from './lease-ends.ts';
import type { OwnershipEvent } from './ownership-events.ts';
import type { OwnershipState } from './ownership-state.ts';

type NodeEvent = OwnershipEvent & {
  kind: 'hello' | 'dead' | 'back' | 'bye' | 'executor' | 'proven' | 'joined' | 'cut';
};

export class NodeEvents {
  readonly #state: OwnershipState;
  readonly #ends: LeaseEnds;

  constructor(state: OwnershipState, ends: LeaseEnds) {
    this.#state = state;
    this.#ends = ends;
  }

  handle(event: NodeEvent, nowMs: number): void {
    switch (event.kind) {
      case 'hello':
        this.#state.proofs.set(event.node, nowMs);
        break;
      case 'dead':
        this.#gone(event.node, undefined, nowMs);
        break;
      case 'bye':
        this.#gone(event.node, event.leftMs, nowMs);
        break;
      case 'back':
        this.#back(event.node);
        break;
      case 'executor':
        this.#state.executorOf = event.of;
        for (const view of this.#state.views.values()) if (view.state === 'orphan') this.#ends.schedule(view, nowMs);
        break;
      case 'proven':
        this.#state.provenUntilMs = event.untilMs;
        break;
      case 'cut':
        this.#state.isJoined = false;
        break;
      case 'joined':
        this.#joined(nowMs);
    }
  }

  /** An orphan's lease ends one and a half intervals later, so that another node may hear it. `leftMs`: as its owner reported. */
  orphaned(view: InstanceView, leftMs: number | undefined, nowMs: number): void {
    const { proofs, joinedMs } = this.#state;
    const proofMs = proofs.get(view.record.owner) ?? nowMs;
    const graceMs = view.spanMs + 1.5 * view.record.intervalMs;
    view.deadlineMs = leftMs === undefined ? Math.max(proofMs, joinedMs) + graceMs : nowMs + leftMs;
    view.ask = 'no';
    // Heard after the owner's last proof, it may not have got there.
    if (view.heardMs > proofMs && view.isHeard(nowMs)) this.#state.takeOver(view);
    this.#ends.schedule(view, nowMs);
  }

  #joined(nowMs: number): void {
    this.#state.isJoined = true;
    this.#state.joinedMs = nowMs;
    for (const view of this.#state.views.values()) {
      if (view.state === 'orphan') this.orphaned(view, undefined, nowMs);
      if (view.state !== 'own') continue;
      view.deadlineMs = Math.max(view.deadlineMs, nowMs + 1.5 * view.record.intervalMs);
      view.ask = 'no';
      this.#ends.schedule(view, nowMs);
    }
  }

  #gone(node: string, leftMs: ReadonlyMap<string, number> | undefined, nowMs: number): void {
    if (leftMs !== undefined && this.#state.dead.has(node)) {
      this.#more(node, leftMs, nowMs);
      return;
    }
    this.#state.dead.add(node);
    for (const view of this.#state.views.values()) {
      if (view.record.owner !== node || view.state === 'own') continue;
      view.state = 'orphan';
      this.orphaned(view, leftMs?.get(view.key), nowMs);
    }
  }

  /** Its goodbye has several parts, or comes after its death was seen: what it does not name stays as it is. */
  #more(node: string, leftMs: ReadonlyMap<string, number>, nowMs: number): void {
    for (const [key, ms] of leftMs) {
      const view = this.#state.views.get(key);
      if (view?.state === 'orphan' && view.record.owner === node) this.orphaned(view, ms, nowMs);
    }
  }

  #back(node: string): void {
    this.#state.dead.delete(node);
    for (const view of this.#state.views.values()) {
      if (view.record.owner !== node || view.state !== 'orphan') continue;
      view.state = 'remote';
      this.#state.setSuspect(view, false);
      this.#ends.drop(view);
    }
  }
}
