// Keeps a stream of events open for as long as it is wanted: where it breaks off it comes back, with its place in the
// stream where the same address answers, to another address where there is one. A server that goes says when to come
// back (`retry`), each client another time; beyond that the waits grow from failure to failure.

import { backOffMs } from '../registry/back-off.ts';
import type { RegistryLink } from '../registry/registry-link.ts';
import type { Document, Reply } from '../registry/reply.ts';
import { pause, type Time } from '../time.ts';
import { readEvents } from './event-reader.ts';

export interface FollowerDeps {
  readonly link: RegistryLink;
  readonly time: Time;
  readonly random: () => number;
  readonly onEvent: (event: string, data: Document) => void;
  /** The stream is not there, and why; told again with every try that fails. */
  readonly onAway: (reason: string, refusal: Extract<Reply, { readonly kind: 'refused' }> | undefined) => void;
}

const backOff = { leastMs: 250, mostMs: 15_000 };

export class Follower {
  readonly #path: string;
  readonly #deps: FollowerDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** The place in the stream of each address: no two have the same numbers. */
  readonly #places = new Map<string, string>();
  #retryMs: number | undefined;

  /** `path` with the query of the watch. */
  constructor(path: string, deps: FollowerDeps) {
    this.#path = path;
    this.#deps = deps;
    this.#running = this.#follow(this.#stop.signal);
  }

  /** Resolves when nothing is read any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { link, time, onAway } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      const opened = await link.stream(this.#path, (address) => this.#places.get(address), signal);
      let waitMs: number;
      if (opened.kind === 'open') {
        const wasSynced = await this.#read(opened.address, opened.body, signal);
        failures = wasSynced ? 1 : failures + 1;
        waitMs = this.#waitMs(failures, link.addresses.length > 1 ? undefined : this.#retryMs);
      } else {
        if (signal.aborted) break;
        failures++;
        const refusal = opened.kind === 'refused' ? opened : undefined;
        onAway(opened.kind === 'done' ? 'no stream of events' : opened.text, refusal);
        waitMs = this.#waitMs(failures, opened.kind === 'busy' ? opened.waitMs : undefined);
      }
      await pause(time, waitMs, signal);
    }
  }

  /** True: it was told everything up to then, so that what came was worth the try. */
  async #read(address: string, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<boolean> {
    const { time, onEvent, onAway } = this.#deps;
    let isSynced = false;
    const end = await readEvents(
      body,
      {
        time,
        onEvent: (event, data) => {
          if (event === 'synced') isSynced = true;
          if (!signal.aborted) onEvent(event, data);
        },
        onId: (id) => {
          if (!this.#places.has(address)) this.#places.clear();
          this.#places.set(address, id);
        },
        onRetryMs: (ms) => {
          this.#retryMs = ms;
        },
      },
      signal,
    );
    if (!signal.aborted) onAway(`${address}: ${end}`, undefined);
    return isSynced;
  }

  #waitMs(failures: number, askedMs: number | undefined): number {
    const ownMs = backOffMs(failures, backOff, this.#deps.random);
    return Math.max(ownMs, Math.min(askedMs ?? 0, backOff.mostMs));
  }
}
