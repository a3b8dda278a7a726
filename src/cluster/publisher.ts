// Sends the swaps of this node to the engine. A swap that changes data goes in a transaction of its own that puts `s` as
// well, so each change has a number of its own, on every node the same; many are in flight at once, and the engine shares
// its disk writes between them. Changes of owner alone, of which a dead node leaves ten thousand at once, go in groups.
// Limits: `dataAtOnceMax` and one group in flight, `waitingMax` waiting; what comes above is refused at once, unsent.

import type { Engine, Fault, Swap, SwapVerdict, Write } from './engine.ts';
import { isFault } from './engine.ts';

const dataAtOnceMax = 64;
const waitingMax = 20_000;
/** With the conditions of each, fewer operations than etcd allows. */
const groupMax = 100;

export type SwapResult = { readonly verdict: SwapVerdict; readonly revision: number } | Fault;

interface Waiting {
  readonly swap: Swap;
  readonly settle: (result: SwapResult) => void;
}

export interface PublisherOptions {
  readonly engine: Pick<Engine, 'swap'>;
  /** Put with each change of data. */
  readonly serial: Write;
  readonly commitWaitMs: number;
  readonly onReply?: ((result: SwapResult) => void) | undefined;
}

const full: Fault = { fault: 'unavailable', detail: `${waitingMax} writes wait already`, sent: false };

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #data: Waiting[] = [];
  readonly #owners: Waiting[] = [];
  readonly counts = { won: 0, lost: 0, 'own-reply-lost': 0, failed: 0 };
  #dataInFlight = 0;
  #isGroupInFlight = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#data.length + this.#owners.length + this.#dataInFlight;
  }

  /** Settles with the verdict of this swap alone. Never rejects. */
  change(swap: Swap): Promise<SwapResult> {
    return this.#enter(this.#data, swap, () => this.#sendData());
  }

  /** For changes that have no number: the owner, or what is beside the instances. */
  move(swap: Swap): Promise<SwapResult> {
    return this.#enter(this.#owners, swap, () => void this.#sendGroups());
  }

  #enter(queue: Waiting[], swap: Swap, send: () => void): Promise<SwapResult> {
    if (this.waiting >= waitingMax) return Promise.resolve(full);
    return new Promise((settle) => {
      queue.push({ swap, settle });
      send();
    });
  }

  #sendData(): void {
    while (this.#dataInFlight < dataAtOnceMax) {
      const next = this.#data.shift();
      if (next === undefined) return;
      this.#dataInFlight++;
      void this.#send([next], [this.#options.serial]).then(() => {
        this.#dataInFlight--;
        this.#sendData();
      });
    }
  }

  /** One group in flight; the next collects meanwhile. */
  async #sendGroups(): Promise<void> {
    if (this.#isGroupInFlight) return;
    this.#isGroupInFlight = true;
    while (this.#owners.length > 0) {
      await Promise.resolve();
      await this.#send(this.#takeGroup(), []);
    }
    this.#isGroupInFlight = false;
  }

  /** No key is written twice: the second waits. */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const later: Waiting[] = [];
    const keys = new Set<string>();
    while (group.length < groupMax) {
      const next = this.#owners.shift();
      if (next === undefined) break;
      if (next.swap.writes.some(({ key }) => keys.has(key))) later.push(next);
      else {
        for (const { key } of next.swap.writes) keys.add(key);
        group.push(next);
      }
    }
    this.#owners.unshift(...later);
    return group;
  }

  async #send(group: readonly Waiting[], puts: readonly Write[]): Promise<void> {
    const { engine, commitWaitMs, onReply } = this.#options;
    const reply = await engine.swap({ swaps: group.map(({ swap }) => swap), puts }, commitWaitMs);
    for (const [index, { settle }] of group.entries()) {
      const verdict = isFault(reply) ? undefined : reply.verdicts[index];
      const result: SwapResult =
        isFault(reply) || verdict === undefined ? (reply as Fault) : { verdict, revision: reply.revision };
      this.counts[isFault(result) ? 'failed' : result.verdict.verdict]++;
      onReply?.(result);
      settle(result);
    }
  }
}
