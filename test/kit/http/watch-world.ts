// Watchers over a registry, without sockets: streams that the test reads when it likes, and turns that it takes itself.

import { ChangeLog } from '../../../src/history/change-log.ts';
import { type WatchQuery, watchQuery } from '../../../src/http/watch/watch-query.ts';
import type { EventStream } from '../../../src/http/watch/watcher.ts';
import { Watchers, type WatchersOptions } from '../../../src/http/watch/watchers.ts';
import { Life } from '../../../src/model/life.ts';
import { LateDns } from '../dns/late-dns.ts';
import { Harness } from '../registry/harness.ts';
import { EventParser, type StreamEvent, WatchedState } from './event-stream.ts';

/** A socket that holds what is written until the client reads; above `holdsMax` octets it wants no more. */
export class FakeStream implements EventStream {
  readonly events: StreamEvent[] = [];
  readonly parser: EventParser;
  readonly state: WatchedState;
  readonly chunks: (string | Buffer)[] = [];
  readonly #listeners = { drain: [] as (() => void)[], close: [] as (() => void)[], error: [] as (() => void)[] };
  readonly #holdsMax: number;
  #held: string[] = [];
  #heldOctets = 0;
  #needsDrain = false;
  destroyed = false;
  isEnded = false;
  /** Reads as soon as something is written. */
  isReading = true;

  constructor(lastEventId = '', state = new WatchedState(), holdsMax = 64 * 1024) {
    this.parser = new EventParser(lastEventId);
    this.state = state;
    this.#holdsMax = holdsMax;
  }

  write(chunk: string | Buffer): boolean {
    if (this.destroyed || this.isEnded) throw new Error('written to after its end');
    this.chunks.push(chunk);
    this.#held.push(chunk.toString());
    this.#heldOctets += chunk.length;
    if (this.isReading) this.read();
    else this.#needsDrain ||= this.#heldOctets >= this.#holdsMax;
    return this.#heldOctets < this.#holdsMax;
  }

  /** The client reads all that is there. */
  read(): void {
    const text = this.#held.join('');
    this.#held = [];
    this.#heldOctets = 0;
    for (const received of this.parser.push(text)) {
      this.events.push(received);
      this.state.hear(received);
    }
    if (!this.#needsDrain) return;
    this.#needsDrain = false;
    for (const listener of this.#listeners.drain) listener();
  }

  end(): void {
    this.isEnded = true;
  }

  /** By either side; what was not read is lost. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    for (const listener of this.#listeners.close) listener();
  }

  on(event: 'drain' | 'close' | 'error', listener: () => void): void {
    this.#listeners[event].push(listener);
  }

  /** `registered 103`: kind and revision of what was received. */
  get received(): string[] {
    return this.events.map(({ event, data }) => ('revision' in data ? `${event} ${String(data['revision'])}` : event));
  }
}

export interface WatchWorldOptions extends Omit<Partial<WatchersOptions>, 'visible'> {
  /** DNS shows changes when the test lets it; at once by default. */
  readonly lateDns?: boolean;
  readonly changesMax?: number;
}

export class WatchWorld {
  readonly harness = new Harness();
  readonly registry = this.harness.registry;
  readonly log: ChangeLog;
  readonly watchers: Watchers;
  readonly dns = new LateDns(this.registry);
  readonly cuts: string[] = [];
  readonly #turns: (() => void)[] = [];

  constructor({ changesMax = 1000, lateDns = false, ...options }: WatchWorldOptions = {}) {
    this.log = new ChangeLog(this.registry, { max: changesMax });
    this.registry.onChange((change) => this.log.append(change));
    if (!lateDns) this.registry.onChange(() => void this.dns.catchUp());
    this.watchers = new Watchers({
      view: this.registry,
      life: new Life('thislife'),
      log: this.log,
      clock: this.harness.clock,
      max: 100,
      beatMs: 2 ** 31 - 1,
      nextTurn: (turn) => void this.#turns.push(turn),
      onCut: (reason) => void this.cuts.push(reason),
      visible: lateDns ? this.dns.visible : undefined,
      ...options,
    });
    this.registry.onChange((change) => this.watchers.changed(change));
  }

  /** One turn of the event loop; false: nothing was waiting for one. */
  turn(): boolean {
    const turn = this.#turns.shift();
    turn?.();
    return turn !== undefined;
  }

  /** Turns until nothing is left to do. */
  settle(): void {
    for (let count = 0; this.turn(); count++) if (count > 10_000) throw new Error('it never comes to an end');
  }

  /** A watch; without a stream on one that is always read. */
  open(query: WatchQuery = everything, known?: number, stream = new FakeStream(String(known ?? ''))): FakeStream {
    if (!this.watchers.open(stream, query, known)) throw new Error('there was no place for a watcher');
    return stream;
  }
}

export const everything = watchQuery([]);

/** The query for `prod/orders` and so on. */
export function ofApps(...names: string[]): WatchQuery {
  return watchQuery(
    names.map((name) => {
      const [env = '', appid = ''] = name.split('/');
      return { env, appid };
    }),
  );
}
