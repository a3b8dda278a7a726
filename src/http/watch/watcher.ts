// One watcher: where it is in the stream of changes, and what it gets next. It begins with a snapshot, or where it was
// when it still can; then it reads the change log until it has everything, sends `synced`, and joins the channel of its
// query. When its socket takes no more it leaves the channel and, once the socket is empty, reads on from the log:
// the log is the backlog of all of them, and none needs one of its own.
// Limits: what a socket holds is Node's mark (64 KiB) and one write more. A watcher is cut when it has read nothing
// between two beats, or when the log has dropped what it has not read.

import type { ChangeSource, ReadView } from '../../control/read-view.ts';
import type { Change } from '../../model/change.ts';
import type { Channel, Subscription } from './channel.ts';
import { type ChangeTexts, eventText, keepAliveText } from './event-text.ts';
import type { Piece, Snapshots } from './snapshot.ts';
import type { VisibleChanges } from './visible-changes.ts';
import { bearingOf, isAbout } from './watch-query.ts';

/** What of a response is used. */
export interface EventStream {
  readonly destroyed: boolean;
  /** False: it holds more than it should; `drain` is emitted when it holds nothing. */
  write(chunk: string | Buffer): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
}

/** Why a watcher was cut: it read nothing, or too slowly. */
export type CutReason = 'stalled' | 'overtaken';

export interface WatcherDeps {
  readonly view: Pick<ReadView, 'revision' | 'appRevision'>;
  readonly visible: Pick<VisibleChanges, 'revision' | 'later'>;
  readonly log: ChangeSource;
  readonly texts: ChangeTexts;
  readonly snapshots: Snapshots;
  /** Asks for `step` to be called. */
  readonly wake: (watcher: Watcher) => void;
  readonly emitted: (events: number) => void;
  /** Called once. Without a reason the client, or the server, has ended it. */
  readonly ended: (watcher: Watcher, cut: CutReason | undefined) => void;
}

/** Changes looked at, encoded, and octets written in one piece of work: about a millisecond. */
const lookedAtMax = 4096;
const encodedMax = 64;
const chunkOctetsMax = 64 * 1024;

export class Watcher implements Subscription {
  readonly channel: Channel;
  readonly #deps: WatcherDeps;
  readonly #stream: EventStream;
  #phase: 'snapshot' | 'catch-up' | 'live' | 'over' = 'catch-up';
  #position: number;
  #pieces: Iterator<Piece> | undefined;
  /** It has got `synced`, or knew a state when it came: events may have ids, it could come back to any of them. */
  #isWhole = true;
  #isSynced = false;
  #isBlocked = false;
  #isBlockedSinceBeat = false;
  #isWoken = false;

  /** `known`: the revision up to which the client has everything; undefined: it knows nothing. */
  constructor(stream: EventStream, channel: Channel, known: number | undefined, deps: WatcherDeps) {
    this.#stream = stream;
    this.channel = channel;
    this.#deps = deps;
    this.#position = known ?? 0;
    stream.on('drain', () => this.#drained());
    stream.on('close', () => this.#end(undefined));
    stream.on('error', () => this.#end(undefined));
    if (known === undefined) this.#startOver();
    else if (!this.#canGoOn(known)) {
      const { completeSince } = deps.log;
      const text = 'forget what you know: what has changed since then is no longer known; a snapshot follows';
      this.#write(eventText('gap', { known, completeSince, text }), 1);
      this.#startOver();
    }
    this.#wake();
  }

  get position(): number {
    return this.#position;
  }

  send(chunk: Buffer, position: number, events: number): void {
    this.#write(chunk, events);
    this.#position = position;
    if (this.#isBlocked) this.fallBehind(position);
  }

  fallBehind(sentTo: number): void {
    if (this.#phase !== 'live') return;
    this.#phase = 'catch-up';
    this.#position = Math.max(this.#position, sentTo);
    this.channel.leave(this);
    this.#wake();
  }

  /** Does a piece of work; true: there is more. */
  step(): boolean {
    const canWork = !this.#isBlocked && (this.#phase === 'snapshot' || this.#phase === 'catch-up');
    this.#isWoken = canWork && (this.#phase === 'snapshot' ? this.#sendState() : this.#catchUp());
    return this.#isWoken;
  }

  /** To be called every now and then: keeps the connection in use, and cuts a client that does not read. */
  beat(): void {
    if (this.#isBlockedSinceBeat) this.#cut('stalled');
    else if (this.#isBlocked) this.#isBlockedSinceBeat = true;
    else if (this.#phase === 'live') {
      const { isIdle } = this.channel;
      if (isIdle) this.#position = this.#deps.visible.revision;
      this.#write(keepAliveText(isIdle ? this.#deps.texts.idOf(this.#position) : undefined), 0);
      if (this.#isBlocked) this.fallBehind(this.#position);
    }
  }

  /** Ends the stream, with a word where there is room for one. */
  stop(): void {
    if (this.#phase === 'over') return;
    // Within a snapshot it could be the middle of an event.
    if (!this.#isBlocked && this.#phase !== 'snapshot') {
      this.#write(eventText('stopping', { text: 'the server is stopping: come back with Last-Event-ID' }), 1);
    }
    if (this.#isBlocked) this.#stream.destroy();
    else this.#stream.end();
    this.#end(undefined);
  }

  #startOver(): void {
    this.#phase = 'snapshot';
    this.#isWhole = false;
    this.#position = this.#deps.visible.revision;
    this.#pieces = this.#deps.snapshots.pieces(this.channel.query, this.#position);
  }

  /** All that it has missed is known. */
  #canGoOn(known: number): boolean {
    const { log, view } = this.#deps;
    if (!(known >= log.beganAt && known <= view.revision)) return false;
    return known >= log.completeSince || this.#isUnchangedSince(known);
  }

  /** Known without the log, for a few apps. */
  #isUnchangedSince(revision: number): boolean {
    const { apps, envs } = this.channel.query;
    if (apps.length === 0 || envs.length > 0) return false;
    return apps.every(({ env, appid }) => this.#deps.view.appRevision(env, appid) <= revision);
  }

  #sendState(): boolean {
    // What follows the snapshot has to be there when it is done.
    if (this.#position < this.#deps.log.completeSince) return this.#cut('overtaken');
    const { value, done } = (this.#pieces as Iterator<Piece>).next();
    if (done === true) {
      this.#pieces = undefined;
      this.#phase = 'catch-up';
      return true;
    }
    this.#write(value.text, value.events);
    return !this.#isBlocked;
  }

  /** Sends what the log has; at its end joins the channel, in the same step, so that no change gets in between. */
  #catchUp(): boolean {
    const { visible } = this.#deps;
    if (this.#position > visible.revision) {
      visible.later(() => this.#wake());
      return false;
    }
    const hasMore = !this.#isUnchangedSince(this.#position) && this.#readLog();
    if (this.#phase === 'over') return false;
    if (!hasMore) this.#position = visible.revision;
    if (hasMore || this.#isBlocked) return !this.#isBlocked;
    if (!this.#isSynced) {
      this.#isSynced = true;
      this.#isWhole = true;
      this.#write(eventText('synced', { revision: this.#position }, this.#deps.texts.idOf(this.#position)), 1);
      if (this.#isBlocked) return false;
    }
    this.#phase = 'live';
    this.channel.join(this);
    return false;
  }

  /** Sends the next changes; true: there are more. */
  #readLog(): boolean {
    const changes = this.#deps.log.since(this.#position);
    if (changes === undefined) return this.#cut('overtaken');
    let [text, events, lookedAt] = ['', 0, 0];
    let hasMore = false;
    const { revision } = this.#deps.visible;
    for (const change of changes) {
      if (change.revision > revision) break;
      hasMore = lookedAt === lookedAtMax || events === encodedMax || text.length > chunkOctetsMax;
      if (hasMore) break;
      lookedAt++;
      this.#position = change.revision;
      const line = this.#textOf(change);
      if (line === undefined) continue;
      text += line;
      events++;
    }
    this.#write(text, events);
    return hasMore;
  }

  #textOf(change: Change): string | undefined {
    const { query } = this.channel;
    const bearing = isAbout(query, change) ? bearingOf(query, change) : undefined;
    if (bearing === undefined) return undefined;
    const text = this.#deps.texts.textOf(change, bearing);
    return this.#isWhole ? `id: ${this.#deps.texts.idOf(change.revision)}\n${text}` : text;
  }

  #write(chunk: string | Buffer, events: number): void {
    if (chunk.length === 0 || this.#stream.destroyed) return;
    if (events > 0) this.#deps.emitted(events);
    if (!this.#stream.write(chunk)) this.#isBlocked = true;
  }

  #drained(): void {
    this.#isBlocked = false;
    this.#isBlockedSinceBeat = false;
    this.#wake();
  }

  #wake(): void {
    if (this.#isWoken || this.#isBlocked || this.#phase === 'live' || this.#phase === 'over') return;
    this.#isWoken = true;
    this.#deps.wake(this);
  }

  #cut(reason: CutReason): false {
    this.#end(reason);
    this.#stream.destroy();
    return false;
  }

  #end(reason: CutReason | undefined): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#pieces = undefined;
    this.channel.leave(this);
    this.#deps.ended(this, reason);
  }
}
