// A watch on a terminal: the instances in trouble first, as many as the window has lines for, and the latest changes below.
// Arrows and PgUp/PgDn scroll.
// Limits: columns are as wide as what is on the screen needs, so they may move when it is scrolled.

import type { CliContext } from './command.ts';
import type { Fields } from './document-fields.ts';
import { durationText } from './duration.ts';
import { stateCounts, stateStyle } from './instance-state.ts';
import type { Key } from './terminal/keys.ts';
import { LiveScreen } from './terminal/live-screen.ts';
import { printable } from './terminal/printable.ts';
import { painter } from './terminal/style.ts';
import { type Column, cut, tableText } from './terminal/table.ts';
import type { WatchItem } from './watch-events.ts';
import { changeOf, disconnectedText, type WatchView } from './watch-view.ts';
import { type WatchedInstance, WatchedInstances } from './watched-instances.ts';

/** Latest changes below the table. */
const changesShown = 5;
/** Ages grow without anything happening. */
const ageEveryMs = 1000;

const columns: readonly Column[] = [
  { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
  { head: 'STATUS', styleOf: stateStyle },
  { head: 'CHANGED' },
  { head: 'WHY', shrinksTo: 20, leaves: 1 },
  { head: 'ADDRS', shrinksTo: 20, leaves: 2 },
  { head: 'VERSION', leaves: 3 },
  { head: 'ZONE', leaves: 4 },
];
const changeColumns: readonly Column[] = [
  { head: 'AT' },
  { head: 'INSTANCE', shrinksTo: 30, keeps: 'ends' },
  { head: 'WHAT' },
];

export class LiveTable implements WatchView {
  readonly #instances = new WatchedInstances();
  readonly #changes: string[][] = [];
  readonly #screen: LiveScreen;
  readonly #context: CliContext;
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #state = 'connecting';
  #isSynced = false;
  /** Instances above the first one that is shown. */
  #offset = 0;
  /** How many were shown last. */
  #room = 1;

  constructor(url: string, context: CliContext) {
    this.#url = url;
    this.#context = context;
    this.#screen = new LiveScreen(context, (rows) => this.#text(rows));
    this.#timer = setInterval(() => this.#screen.changed(), ageEveryMs);
  }

  show(item: WatchItem): string | undefined {
    if (item.kind === 'disconnected') this.#state = disconnectedText(item);
    else if (item.kind === 'reconnected') this.#state = `watching ${this.#url}`;
    else if (item.kind === 'event') this.#apply(item.event, item.data);
    if (this.#isSynced) this.#screen.changed();
    return this.#instances.isTooMany
      ? `More than ${this.#instances.count - 1} instances: name an env or an app.`
      : undefined;
  }

  press(key: Key): void {
    const page = Math.max(this.#room - 1, 1);
    const by = {
      up: -1,
      down: 1,
      'page-up': -page,
      'page-down': page,
      home: -this.#offset,
      end: this.#instances.count,
    };
    if (key === 'quit' || key === 'interrupt') return;
    if (key === 'suspended') {
      this.#screen.moveOn();
      return;
    }
    this.#offset += by[key];
    if (this.#isSynced) this.#screen.draw();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#screen.stop();
    // What came last is on the screen when the prompt is.
    if (this.#isSynced) this.#screen.draw();
  }

  #apply(event: string, data: Fields): void {
    this.#instances.apply(event, data);
    if (event === 'synced') {
      this.#isSynced = true;
      this.#state = `watching ${this.#url}`;
    }
    if (!('matches' in data)) return;
    const { at, name, text } = changeOf(data);
    this.#changes.push([at.slice(11, 19), name, text === '' ? event : text]);
    if (this.#changes.length > changesShown) this.#changes.shift();
  }

  #text(rows: number): string {
    const all = this.#instances.sorted();
    // Above: counts, server, an empty line and the head; below: where the list is, an empty line, the changes with their
    // head, and the line that the cursor is in.
    const below = this.#changes.length === 0 ? 0 : this.#changes.length + 2;
    this.#room = Math.max(rows - 6 - below, 1);
    this.#offset = Math.max(0, Math.min(this.#offset, all.length - this.#room));
    const shown = all.slice(this.#offset, this.#offset + this.#room);
    const nowMs = Date.now();
    const table = tableText(
      columns,
      shown.map((one) => rowOf(one, nowMs)),
      this.#context,
    );
    const changes = this.#changes.length === 0 ? '' : `\n${tableText(changeColumns, this.#changes, this.#context)}`;
    return `${this.#head(all)}\n\n${table}${this.#position(all.length, shown.length)}${changes}`.trimEnd();
  }

  #head(all: readonly WatchedInstance[]): string {
    const { terminal } = this.#context;
    const width = terminal?.columns ?? 0;
    const counts = stateCounts(all.map(({ state }) => state));
    return `${cut(printable(counts), width)}\n${painter(this.#context)('faint', cut(printable(this.#state), width))}`;
  }

  /** Which part of the list is shown, and how to see the others; nothing where it is all of it. */
  #position(all: number, shown: number): string {
    if (shown === all) return '';
    const where = `${this.#offset + 1}-${this.#offset + shown} of ${all}`;
    const how = this.#context.keyboard?.isOurs() === true ? ' · arrows and PgUp/PgDn scroll, q ends' : '';
    return `${painter(this.#context)('faint', cut(`${where}${how}`, this.#context.terminal?.columns ?? 0))}\n`;
  }
}

function rowOf({ name, state, addrs, version, zone, changedMs, why }: WatchedInstance, nowMs: number): string[] {
  const age = Number.isNaN(changedMs) ? '' : `${durationText(Math.max(0, nowMs - changedMs))} ago`;
  return [name, state, age, why, addrs, version, zone];
}
