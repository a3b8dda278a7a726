// All watchers: admits them, keeps the channels of their queries, hands changes to these, and keeps every connection in
// use with one timer for all. What is written is written in slices, never inside the change.
// Limits: `max` watchers; the caller refuses the one above it. See watcher.ts for what a slow one may cost.

import type { ChangeSource, ReadView } from '../../control/read-view.ts';
import type { Visible } from '../../control/visible.ts';
import type { Change } from '../../model/change.ts';
import type { Life } from '../../model/life.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type NextTurn, Slices } from '../../runtime/slices.ts';
import { Channel } from './channel.ts';
import { ChannelIndex } from './channel-index.ts';
import { ChangeTexts } from './event-text.ts';
import { Snapshots } from './snapshot.ts';
import { VisibleChanges } from './visible-changes.ts';
import type { WatchQuery } from './watch-query.ts';
import { type CutReason, type EventStream, Watcher, type WatcherDeps } from './watcher.ts';

export interface WatchersOptions {
  readonly view: Pick<ReadView, 'revision' | 'app' | 'apps' | 'appRevision'>;
  /** Gets every change before the watchers do. */
  readonly log: ChangeSource;
  readonly life: Life;
  readonly clock: Clock;
  readonly max: number;
  /** Where DNS may be behind: no watcher gets a change before DNS shows it. */
  readonly visible?: Visible | undefined;
  /** Half of what proxies allow a silent connection, commonly a minute or half of one. */
  readonly beatMs?: number;
  readonly onCut?: (reason: CutReason, watcher: { readonly query: WatchQuery; readonly position: number }) => void;
  /** For tests; Node's by default. */
  readonly nextTurn?: NextTurn;
  /** For tests: pieces of work in a turn. */
  readonly turnPieces?: number;
}

const beatMsDefault = 15_000;
/** Watchers that one piece of a round visits. */
const visitedMax = 32;

/** A piece of work; true: there is more. */
interface Work {
  step(): boolean;
}

export class Watchers {
  readonly #options: WatchersOptions;
  readonly #all = new Set<Watcher>();
  readonly #channels = new ChannelIndex();
  readonly #visible: VisibleChanges;
  readonly #slices: Slices<Work>;
  readonly #deps: WatcherDeps;
  #timer: NodeJS.Timeout | undefined;
  #round: Work | undefined;
  #isStopped = false;
  #eventCount = 0;
  #cutCount = 0;

  constructor(options: WatchersOptions) {
    this.#options = options;
    const { view, log, clock, life } = options;
    const emit = (change: Change): void => {
      if (this.#all.size > 0) this.#channels.changed(change);
    };
    this.#visible = new VisibleChanges({ view, visible: options.visible, emit });
    this.#slices = new Slices<Work>((work) => work.step(), options.nextTurn, options.turnPieces);
    this.#deps = {
      view,
      visible: this.#visible,
      log,
      texts: new ChangeTexts(clock, life),
      snapshots: new Snapshots(view, clock),
      wake: (watcher) => this.#slices.add(watcher),
      emitted: (events) => {
        this.#eventCount += events;
      },
      ended: (watcher, cut) => this.#ended(watcher, cut),
    };
  }

  /** Watchers now. */
  get count(): number {
    return this.#all.size;
  }

  /** Events sent, to all together. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Watchers that read too slowly. */
  get cutCount(): number {
    return this.#cutCount;
  }

  get isFull(): boolean {
    return this.#all.size >= this.#options.max;
  }

  /** Admits a watcher, which gets events from the next turn on; false: there is no place, or the server stops. */
  open(stream: EventStream, query: WatchQuery, known: number | undefined): boolean {
    if (this.isFull || this.#isStopped) return false;
    let channel = this.#channels.find(query);
    if (channel === undefined) {
      const textOf: ChangeTexts['textOf'] = (change, bearing) => this.#deps.texts.textOf(change, bearing);
      channel = new Channel(query, {
        textOf,
        idOf: (revision) => this.#deps.texts.idOf(revision),
        wake: (woken) => this.#slices.add(woken),
      });
      this.#channels.add(channel);
    }
    channel.watchers++;
    this.#all.add(new Watcher(stream, channel, known, this.#deps));
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.beat(), this.#options.beatMs ?? beatMsDefault);
      this.#timer.unref();
    }
    return true;
  }

  /** A change subscriber, after the one that updates DNS. */
  changed(change: Change): void {
    this.#visible.changed(change);
  }

  /** Visits every watcher once; called by the timer. A round that has not come to its end is not overtaken. */
  beat(): void {
    if (this.#round !== undefined) return;
    this.#visitAll((watcher) => watcher.beat());
  }

  /** Ends all streams, and admits none from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#visitAll((watcher) => watcher.stop());
  }

  #visitAll(visit: (watcher: Watcher) => void): void {
    const watchers = this.#all.values();
    const round: Work = {
      step: () => {
        for (let count = 0; count < visitedMax; count++) {
          const { value, done } = watchers.next();
          if (done !== true) visit(value);
          else if (this.#round === round) this.#round = undefined;
          if (done === true) return false;
        }
        return true;
      },
    };
    this.#round = round;
    this.#slices.add(round);
  }

  #ended(watcher: Watcher, cut: CutReason | undefined): void {
    this.#all.delete(watcher);
    const { channel } = watcher;
    channel.watchers--;
    if (channel.watchers === 0) this.#channels.delete(channel);
    if (this.#all.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    if (cut === undefined) return;
    this.#cutCount++;
    this.#options.onCut?.(cut, { query: channel.query, position: watcher.position });
  }
}
