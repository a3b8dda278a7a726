// One slot for each address of another node: who was found there, and the stream of its changes. Addresses are those of the
// settings, and of nodes that send hello though no setting names them; this node's own may be among them.

import type { NodeInfo } from '../nodes/nodes-table.ts';
import type { PeerCredentials } from '../peer-link/credentials.ts';
import { ChangeFollower, type StreamEnd } from './change-follower.ts';

import type { StreamHead, StreamLine } from './changes-lines.ts';

export interface Slot {
  readonly url: string;
  isConfigured: boolean;
  isSelf: boolean;
  /** Who was found there last. */
  node: string | undefined;
  /** Everything was here once. */
  isSynced: boolean;
  /** Since when it has not reported that everything is here. */
  brokenMs: number;
  readonly follower: ChangeFollower;
}

export interface PeerSlotsDeps {
  readonly me: string;
  readonly run: string;
  readonly credentials: PeerCredentials;
  readonly nowMs: () => number;
  readonly onEntry: (line: StreamLine & { readonly kind: 'entry' }) => void;
  readonly onBad: (line: StreamLine & { readonly kind: 'bad' }, node: string) => void;
  /** A stream has begun, or goes on. */
  readonly onHead: (head: StreamHead) => void;
  readonly onAt: (head: StreamHead, revision: number) => void;
  /** Another process has this node's name; with its own report, where there is one. */
  readonly onOccupied: (holder: NodeInfo | undefined) => void;
}

export class PeerSlots {
  readonly #deps: PeerSlotsDeps;
  readonly #slots = new Map<string, Slot>();

  constructor(deps: PeerSlotsDeps) {
    this.#deps = deps;
  }

  all(): MapIterator<Slot> {
    return this.#slots.values();
  }

  /** An address of the settings counts before one that a node has sent. */
  of(node: string): Slot | undefined {
    const found = [...this.#slots.values()].filter((one) => one.node === node);
    return found.find((one) => one.follower.isLive) ?? found.find((one) => one.isConfigured) ?? found[0];
  }

  /** A node was heard: if its own changes do not come, they may now. */
  hurry(node: string): void {
    const own = this.of(node);
    for (const slot of own === undefined ? this.#slots.values() : [own])
      if (!slot.isSelf && !slot.follower.isLive) slot.follower.hurry();
  }

  /** The addresses of the settings, or of the DNS name. Of those that are gone the ones that answer stay. */
  set(urls: readonly string[]): void {
    for (const url of urls) {
      const slot = this.#slots.get(url) ?? this.#open(url);
      slot.isConfigured = true;
    }
    for (const slot of this.#slots.values()) if (!urls.includes(slot.url)) slot.isConfigured = false;
  }

  add(url: string, node: string): void {
    const slot = this.#slots.get(url) ?? this.#open(url);
    slot.node ??= node;
  }

  drop(url: string): void {
    this.#slots.get(url)?.follower.close();
    this.#slots.delete(url);
  }

  close(): void {
    for (const { follower } of this.#slots.values()) follower.close();
  }

  #open(url: string): Slot {
    const { me, run, credentials, nowMs, onEntry, onBad, onAt, onOccupied } = this.#deps;
    const follower = new ChangeFollower({
      ...{ url, me, run, credentials, nowMs, onEntry },
      onHead: (head) => this.#onHead(slot, head),
      onBad: (line) => onBad(line, slot.node ?? url),
      onAt: (head, revision) => {
        slot.isSynced = true;
        onAt(head, revision);
      },
      onEnd: (end: StreamEnd) => {
        slot.brokenMs = Math.min(slot.brokenMs, nowMs());
        if (end.kind === 'occupied') onOccupied(end.holder);
      },
    });
    const slot: Slot = {
      ...{ url, follower, isConfigured: false, isSelf: false, isSynced: false },
      node: undefined,
      brokenMs: nowMs(),
    };
    this.#slots.set(url, slot);
    return slot;
  }

  #onHead(slot: Slot, head: StreamHead): boolean {
    const { me, run, onHead, onOccupied } = this.#deps;
    if (head.node === me) {
      slot.isSelf = head.run === run;
      if (slot.isSelf) slot.follower.close();
      else onOccupied(head);
      return false;
    }
    slot.node = head.node;
    slot.brokenMs = Number.POSITIVE_INFINITY;
    onHead(head);
    return true;
  }
}
