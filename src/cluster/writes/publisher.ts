// Sends the swaps of this node to the engine, in groups that share one disk write and one revision. A swap that changes
// data gets a place in its group, and the group puts `s` with the last place: so each change has a number of its own, on
// every node the same (epoch.ts). Changes of owner alone have no number and go in groups of their own, without `s`.
// One group of each kind is in flight, and the next collects meanwhile: the busier the node, the larger its groups. A busy
// node also waits `gatherMs` between two: of a swap in a group of 100 the three members of etcd have less than half the
// work that they have of one in a group of 15, and every node follows one revision where it would follow seven.
// Limits: `placesARevision` swaps and `groupOctetsMax` a group, `waitingMax` swaps waiting; what comes above is refused at
// once, unsent.

import { setTimeout as pause } from 'node:timers/promises';
import type { Engine, Fault, Swap, SwapReply, SwapVerdict, Write } from '../engine.ts';
import { isFault } from '../engine.ts';
import { placesARevision, serialText } from '../records/epoch.ts';
import type { PlacedSwap } from './swap-plan.ts';

const waitingMax = 20_000;
const gatherMs = 15;
/** Whose last group had fewer sends the next one at once. */
const busyFrom = 8;
/** etcd refuses requests above 1.5 MiB, keys and conditions included. */
const groupOctetsMax = 1_000_000;
const encoder = new TextEncoder();

export type SwapResult = { readonly verdict: SwapVerdict; readonly revision: number } | Fault;

interface Waiting {
  readonly swap: PlacedSwap;
  readonly settle: (result: SwapResult) => void;
}

interface Sent extends Waiting {
  readonly placed: Swap;
}

/** One kind of groups. */
interface Lane {
  waiting: Waiting[];
  isSending: boolean;
  /** Whether its groups put `s`. */
  readonly isNumbered: boolean;
}

export interface PublisherOptions {
  readonly engine: Pick<Engine, 'swap'>;
  readonly me: string;
  /** Put with each change of data. */
  readonly serialKey: string;
  readonly commitWaitMs: number;
  readonly onReply?: ((result: SwapResult) => void) | undefined;
}

const full: Fault = { fault: 'unavailable', detail: `${waitingMax} writes wait already`, sent: false };

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #data: Lane = { waiting: [], isSending: false, isNumbered: true };
  readonly #owners: Lane = { waiting: [], isSending: false, isNumbered: false };
  readonly counts = { won: 0, lost: 0, 'own-reply-lost': 0, failed: 0 };
  #inFlight = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#data.waiting.length + this.#owners.waiting.length + this.#inFlight;
  }

  /** Settles with the verdict of this swap alone. Never rejects. */
  change(swap: PlacedSwap | Swap): Promise<SwapResult> {
    return this.#enter(this.#data, 'at' in swap ? swap : withoutPlace(swap));
  }

  /** For changes that have no number: the owner, or what is beside the instances. */
  move(swap: Swap): Promise<SwapResult> {
    return this.#enter(this.#owners, withoutPlace(swap));
  }

  #enter(lane: Lane, swap: PlacedSwap): Promise<SwapResult> {
    if (this.waiting >= waitingMax) return Promise.resolve(full);
    return new Promise((settle) => {
      lane.waiting.push({ swap, settle });
      if (!lane.isSending) void this.#sendAll(lane);
    });
  }

  async #sendAll(lane: Lane): Promise<void> {
    lane.isSending = true;
    // What the same turn brings goes along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let sent = 0;
    while (lane.waiting.length > 0) {
      if (sent >= busyFrom && lane.waiting.length < placesARevision) await pause(gatherMs);
      const group = takeGroup(lane);
      sent = group.length;
      await this.#send(lane, group);
    }
    lane.isSending = false;
  }

  async #send(lane: Lane, group: readonly Sent[]): Promise<void> {
    const { engine, commitWaitMs, me, serialKey } = this.#options;
    const serial = { key: serialKey, value: encoder.encode(serialText(me, group.length - 1)) };
    const puts: Write[] = lane.isNumbered ? [serial] : [];
    this.#inFlight += group.length;
    const reply = await engine.swap({ swaps: group.map(({ placed }) => placed), puts }, commitWaitMs);
    this.#inFlight -= group.length;
    // Nothing of it was done; whichever it was for, the others are not to suffer from it.
    const isTorn = isFault(reply) && reply.fault === 'refused' && group.length > 1;
    if (isTorn) for (const one of group) await this.#send(lane, [{ ...one, placed: one.swap.at(0) }]);
    else for (const [index, one] of group.entries()) this.#settle(one, reply, index);
  }

  #settle({ settle }: Sent, reply: SwapReply | Fault, index: number): void {
    const verdict = isFault(reply) ? undefined : reply.verdicts[index];
    const result: SwapResult =
      isFault(reply) || verdict === undefined ? (reply as Fault) : { verdict, revision: reply.revision };
    this.counts[isFault(result) ? 'failed' : result.verdict.verdict]++;
    this.#options.onReply?.(result);
    settle(result);
  }
}

/** A swap whose values do not depend on where it is. */
function withoutPlace(swap: Swap): PlacedSwap {
  return { keys: swap.writes.map(({ key }) => key), at: () => swap };
}

/** In the order of their coming. No key is written twice: the second waits, and what comes after it may go before it. */
function takeGroup(lane: Lane): Sent[] {
  const group: Sent[] = [];
  const later: Waiting[] = [];
  const keys = new Set<string>();
  let octets = 0;
  let next = 0;
  for (; next < lane.waiting.length && group.length < placesARevision; next++) {
    const one = lane.waiting[next] as Waiting;
    const isTaken = one.swap.keys.some((key) => keys.has(key));
    for (const key of one.swap.keys) keys.add(key);
    if (isTaken) {
      later.push(one);
      continue;
    }
    const placed = one.swap.at(group.length);
    octets += octetsOf(placed);
    if (octets > groupOctetsMax && group.length > 0) break;
    group.push({ ...one, placed });
  }
  lane.waiting = [...later, ...lane.waiting.slice(next)];
  return group;
}

function octetsOf({ writes }: Swap): number {
  return writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
}
