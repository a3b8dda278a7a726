// How a watch is shown, by who reads it: a table that stays up to date on a terminal, a line for each change in a pipe,
// documents for programs.

import type { CliContext } from './command.ts';
import { type Fields, fieldsList, textField } from './document-fields.ts';
import type { Followed } from './follow-changes.ts';
import { LiveScreen } from './terminal/live-screen.ts';
import { streamDocument } from './terminal/output.ts';
import { printable, printableWord } from './terminal/printable.ts';
import { painter } from './terminal/style.ts';
import { cut, tableText } from './terminal/table.ts';
import { WatchedInstances, watched } from './watched-instances.ts';

export interface WatchView {
  /** Shows it; a text where it cannot. */
  hear(told: Followed): string | undefined;
  stop(): void;
}

/** `form` as `--output` has it; `url` is what is named when it is away. */
export async function watchView(form: string, url: string, context: CliContext): Promise<WatchView> {
  if (form !== 'table') return documents(await streamDocument(form), url, context);
  const isDumb = context.terminal === undefined || context.env['TERM'] === 'dumb';
  return isDumb ? lines(url, context) : new LiveTable(url, context);
}

function documents(textOf: (document: unknown) => string, url: string, context: CliContext): WatchView {
  return {
    hear(told) {
      if (told.kind === 'event') context.out(textOf({ event: told.event, ...told.data }));
      else tellAway(told, url, context);
      return undefined;
    },
    stop: () => {},
  };
}

/** On stderr: what is read from stdout stays events alone. */
function tellAway(told: Followed, url: string, { err }: CliContext): void {
  if (told.kind === 'away') err(`${awayText(told, url)}\n`);
  if (told.kind === 'back') err(`Connected to ${url} again.\n`);
}

function awayText({ reason, againMs }: { reason: string; againMs: number }, url: string): string {
  return `Lost ${url}: ${reason}; trying again in ${Math.ceil(againMs / 1000)} s and from then on.`;
}

/** A line for each instance that is there, and each change: time, what, where, status, addresses, who and why. */
function lines(url: string, context: CliContext): WatchView {
  const line = (...cells: readonly string[]): void => {
    const [text = '', ...words] = cells.toReversed();
    context.out(`${[...words.reverse().map(printableWord), printable(text)].join('  ').trimEnd()}\n`);
  };
  return {
    hear(told) {
      if (told.kind !== 'event') tellAway(told, url, context);
      else if (told.event === 'gap')
        line(new Date().toISOString(), 'gap', '-', '-', '-', 'forget what was told before');
      else if (told.event === 'snapshot') {
        for (const one of fieldsList(told.data, 'instances')) {
          const { place, status, addrs } = watched(appOf(told.data), one);
          line(textField(one, 'updatedAt'), 'present', place, status, addrs, '');
        }
      } else if ('matches' in told.data) {
        const { at, place, status, addrs, text } = changeOf(told.data);
        line(at, told.event, place, status, addrs, text);
      }
      return undefined;
    },
    stop: () => {},
  };
}

function appOf(data: Fields): string {
  return `${textField(data, 'env')}/${textField(data, 'appid')}`;
}

function changeOf(data: Fields) {
  const after = (data['after'] ?? {}) as Fields;
  const [status, addrs] = [textField(after, 'status'), textField(after, 'addrs')];
  const place = `${appOf(data)}/${textField(data, 'instance')}`;
  return { at: textField(data, 'at'), place, status, addrs, text: textField(data, 'text') };
}

/** Latest changes below the table. */
const changesShown = 5;
/** Ages grow without anything happening. */
const ageEveryMs = 1000;

class LiveTable implements WatchView {
  readonly #instances = new WatchedInstances();
  readonly #changes: string[][] = [];
  readonly #screen: LiveScreen;
  readonly #context: CliContext;
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  #state = 'connecting';
  #isSynced = false;

  constructor(url: string, context: CliContext) {
    this.#url = url;
    this.#context = context;
    this.#screen = new LiveScreen(context, (rows) => this.#text(rows));
    this.#timer = setInterval(() => this.#screen.changed(), ageEveryMs);
  }

  hear(told: Followed): string | undefined {
    if (told.kind === 'away') this.#state = awayText(told, this.#url);
    else if (told.kind === 'back') this.#state = `watching ${this.#url}`;
    else if (told.kind === 'event') this.#hearEvent(told.event, told.data);
    if (this.#isSynced) this.#screen.changed();
    return this.#instances.isTooMany
      ? `More than ${this.#instances.count - 1} instances: name an env or an app.`
      : undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#screen.stop();
    // What came last is on the screen when the prompt is.
    if (this.#isSynced) this.#screen.draw();
  }

  #hearEvent(event: string, data: Fields): void {
    this.#instances.hear(event, data);
    if (event === 'synced') {
      this.#isSynced = true;
      this.#state = `watching ${this.#url}`;
    }
    if (!('matches' in data)) return;
    const { at, place, text } = changeOf(data);
    this.#changes.push([at.slice(11, 19), place, text === '' ? event : text]);
    if (this.#changes.length > changesShown) this.#changes.shift();
  }

  #text(rows: number): string {
    const paint = painter(this.#context);
    const all = this.#instances.sorted();
    // State, empty line and head above; and below as many lines as there may be changes, with theirs.
    const room = Math.max(rows - 6 - (this.#changes.length === 0 ? 0 : this.#changes.length + 2), 1);
    const nowMs = Date.now();
    const shown = all
      .slice(0, room)
      .map(({ place, status, addrs, version, zone, changedMs }) => [
        place,
        status,
        addrs,
        version,
        zone,
        Number.isNaN(changedMs) ? '' : `${Math.max(0, Math.round((nowMs - changedMs) / 1000))}s ago`,
      ]);
    const table = tableText(['INSTANCE', 'STATUS', 'ADDRS', 'VERSION', 'ZONE', 'CHANGED'], shown, this.#context);
    const more = all.length > shown.length ? paint('faint', `and ${all.length - shown.length} more`) : '';
    const head = cut(`${all.length} instances · ${printable(this.#state)}`, this.#context.terminal?.columns ?? 0);
    const changes =
      this.#changes.length === 0
        ? ''
        : `\n${tableText(['AT', 'INSTANCE', 'WHAT'], this.#changes, this.#context, 'sentence')}`;
    return `${paint('faint', head)}\n\n${table}${more === '' ? '' : `${more}\n`}${changes}`.trimEnd();
  }
}
