// This node's side of the peer link: one client for each peer, and batches of what was heard, so that a renewal costs no
// call of its own. What cannot be delivered is reported back, for the ownership to act on.
// Limits: `keysMax` keys a call; a batch waits `batchMs`; a peer has half a second.

import { isObject } from '../../model/instance.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import type { Ownership } from '../ownership/ownership.ts';
import type { PeerCredentials } from './credentials.ts';
import { type Hello, hearingsOf, keysMax, type PeerCall, type Timed } from './messages.ts';
import { PeerClient } from './peer-client.ts';

const batchMs = 100;
const callMs = 500;
/** For what people wait for. */
const askAllMs = 2000;

export interface PeersDeps {
  readonly me: string;
  readonly table: NodesTable;
  readonly credentials: PeerCredentials;
  readonly nowMs: () => number;
  /** The owner could not be reached. */
  readonly notForwarded: (path: string, owner: string) => void;
  /** Nor could a peer reach it. */
  readonly notRelayed: (path: string, owner: string) => void;
  /** What the peers have heard lately; `isComplete`: each that lives has answered. */
  readonly answered: (path: string, heardMs: number | undefined, isComplete: boolean) => void;
}

export class Peers {
  readonly #deps: PeersDeps;
  readonly #clients = new Map<string, PeerClient>();
  readonly #forwards = new Map<string, Map<string, number>>();
  readonly #relayed = new Map<string, Map<string, number>>();
  #questions = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  forwarded = 0;
  forwardFailures = 0;
  readonly failuresTo = new Map<string, number>();
  asked = 0;

  constructor(deps: PeersDeps) {
    this.#deps = deps;
  }

  /** A hearing for its owner; the latest of each instance counts. */
  forward(node: string, path: string, heardMs: number): void {
    const batch = this.#forwards.get(node) ?? new Map<string, number>();
    batch.set(path, Math.max(heardMs, batch.get(path) ?? heardMs));
    this.#forwards.set(node, batch);
    this.#arm();
  }

  /** While cut from etcd: some joined peer is to know. */
  forwardToJoined(path: string, heardMs: number): void {
    const { table, nowMs } = this.#deps;
    const joined = table.peers(nowMs()).find((one) => one.isJoined);
    if (joined !== undefined) this.forward(joined.node, path, heardMs);
  }

  /** The owner cannot be reached from here: through a joined peer, once. */
  relay(owner: string, path: string, heardMs: number): void {
    const batch = this.#relayed.get(owner) ?? new Map<string, number>();
    batch.set(path, heardMs);
    this.#relayed.set(owner, batch);
    this.#arm();
  }

  ask(path: string): void {
    this.#questions.add(path);
    this.#arm();
  }

  /** The answers that came. */
  async askAll(call: PeerCall, body: object): Promise<unknown[]> {
    const { table, nowMs } = this.#deps;
    const replies = await Promise.all(table.peers(nowMs()).map(({ node }) => this.call(node, call, body, askAllMs)));
    return replies.filter((reply) => reply !== undefined);
  }

  hello(hello: Hello): void {
    for (const { node } of this.#deps.table.peers(this.#deps.nowMs())) void this.call(node, 'hello', hello);
  }

  /** Undefined: no answer. */
  call(node: string, call: PeerCall, body: object, withinMs = callMs): Promise<unknown> {
    const client = this.#clientOf(node);
    return client === undefined ? Promise.resolve(undefined) : client.call(call, body, withinMs);
  }

  /** Before this node stops: what it heard last is forwarded, and that it leaves, with what is left of each lease. */
  async bye(ownership: Ownership): Promise<void> {
    clearTimeout(this.#timer);
    const { me, table, nowMs } = this.#deps;
    await this.#flush();
    const left = slices([...ownership.ownLeftMs(nowMs())]);
    const leave = async (node: string): Promise<void> => {
      for (const heard of left.length === 0 ? [[]] : left)
        if ((await this.call(node, 'bye', { node: me, heard })) === undefined) return;
    };
    await Promise.all(table.peers(nowMs()).map(({ node }) => leave(node)));
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const client of this.#clients.values()) client.close();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, batchMs);
    this.#timer.unref();
  }

  async #flush(): Promise<void> {
    const batches = [...this.#forwards];
    this.#forwards.clear();
    const relayed = [...this.#relayed];
    this.#relayed.clear();
    const questions = [...this.#questions];
    this.#questions = new Set();
    await Promise.all([
      ...batches.flatMap(([node, batch]) => slices([...batch]).map((slice) => this.#deliver(node, slice))),
      ...relayed.flatMap(([owner, batch]) => slices([...batch]).map((slice) => this.#relay(owner, slice))),
      ...slices(questions).map((slice) => this.#question(slice)),
    ]);
  }

  async #deliver(node: string, batch: readonly (readonly [string, number])[]): Promise<void> {
    const { me, nowMs, notForwarded } = this.#deps;
    const heard: Timed[] = batch.map(([path, heardMs]) => [path, Math.max(0, nowMs() - heardMs)]);
    const reply = await this.call(node, 'forwarded', { node: me, heard });
    if (reply !== undefined) this.forwarded += batch.length;
    else {
      this.forwardFailures += batch.length;
      this.failuresTo.set(node, (this.failuresTo.get(node) ?? 0) + batch.length);
      for (const [path] of batch) notForwarded(path, node);
    }
  }

  async #relay(owner: string, batch: readonly (readonly [string, number])[]): Promise<void> {
    const { me, table, nowMs, notRelayed } = this.#deps;
    const heard: Timed[] = batch.map(([path, heardMs]) => [path, Math.max(0, nowMs() - heardMs)]);
    const way = table
      .peers(nowMs())
      .find((one) => one.isJoined && one.node !== owner && !table.isUnproven(one, nowMs()));
    const reply = way && (await this.call(way.node, 'relay', { node: me, owner, heard }, 2 * callMs));
    const isForwarded = isObject(reply) && reply['isForwarded'] === true;
    if (isForwarded) this.forwarded += batch.length;
    else for (const [path] of batch) notRelayed(path, owner);
  }

  async #question(keys: readonly string[]): Promise<void> {
    this.asked += keys.length;
    const { heard, isComplete } = await this.#lately(keys);
    for (const key of keys) this.#deps.answered(key, heard.get(key), isComplete);
  }

  /** When any peer that answers has heard them last. */
  async heardLately(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const answers = await Promise.all(slices(keys).map((slice) => this.#lately(slice)));
    return new Map(answers.flatMap(({ heard }) => [...heard]));
  }

  async #lately(keys: readonly string[]) {
    const { table, nowMs } = this.#deps;
    const peers = table.peers(nowMs());
    const askedMs = nowMs();
    const replies = await Promise.all(peers.map(({ node }) => this.call(node, 'lately', { keys })));
    const heard = new Map<string, number>();
    let isComplete = true;
    for (const [index, reply] of replies.entries()) {
      const hearings = hearingsOf(reply);
      // What is cut off from etcd and does not answer may hear what we do not.
      if (hearings === undefined) isComplete &&= peers[index]?.hasSession !== true;
      for (const [path, agoMs] of hearings?.heard ?? [])
        heard.set(path, Math.max(askedMs - agoMs, heard.get(path) ?? Number.NEGATIVE_INFINITY));
    }
    return { heard, isComplete };
  }

  #clientOf(node: string): PeerClient | undefined {
    const url = this.#deps.table.get(node)?.info?.url;
    const known = this.#clients.get(node);
    if (url === undefined || known?.url === url) return known;
    known?.close();
    const client = new PeerClient(url, this.#deps.credentials);
    this.#clients.set(node, client);
    return client;
  }
}

function slices<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / keysMax);
  return Array.from({ length: count }, (_, index) => all.slice(index * keysMax, (index + 1) * keysMax));
}
