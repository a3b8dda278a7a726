// How a watch is shown: a table that stays up to date on a terminal, a line for each change in a pipe, documents for
// programs.

import type { CliContext } from './command.ts';
import { type Fields, fieldsList, textField } from './document-fields.ts';
import { LiveScreen } from './terminal/live-screen.ts';
import { streamDocument } from './terminal/output.ts';
import { printable, printableWord } from './terminal/printable.ts';
import { painter } from './terminal/style.ts';
import { cut, tableText } from './terminal/table.ts';
import type { WatchItem } from './watch-events.ts';
import { WatchedInstances, watched } from './watched-instances.ts';

export interface WatchView {
  /** Shows it; returns why it cannot, if so. */
  show(item: WatchItem): string | undefined;
  stop(): void;
}

/** `form`: the value of `--output`; `url`: the server, for messages about the connection. */
export async function watchView(form: string, url: string, context: CliContext): Promise<WatchView> {
  if (form !== 'table') return documents(await streamDocument(form), url, context);
  const isDumb = context.terminal === undefined || context.env['TERM'] === 'dumb';
  return isDumb ? lines(url, context) : new LiveTable(url, context);
}

function documents(textOf: (document: unknown) => string, url: string, context: CliContext): WatchView {
  return {
    show(item) {
      if (item.kind === 'event') context.out(textOf({ event: item.event, ...item.data }));
      else printConnection(item, url, context);
      return undefined;
    },
    stop: () => {},
  };
}

/** On stderr: what is read from stdout stays events alone. */
function printConnection(item: WatchItem, url: string, { err }: CliContext): void {
  if (item.kind === 'disconnected') err(`${disconnectedText(item)}\n`);
  if (item.kind === 'reconnected') err(`Connected to ${url} again.\n`);
}

function disconnectedText({ reason, retryInMs }: { reason: string; retryInMs: number }): string {
  return `Lost the stream: ${reason}; trying again in ${Math.ceil(retryInMs / 1000)} s and from then on.`;
}

/** A line for each instance that is there, and each change: time, what, where, status, addresses, who and why. */
function lines(url: string, context: CliContext): WatchView {
  const line = (...cells: readonly string[]): void => {
    const [text = '', ...words] = cells.toReversed();
    context.out(`${[...words.reverse().map(printableWord), printable(text)].join('  ').trimEnd()}\n`);
  };
  return {
    show(item) {
      if (item.kind !== 'event') printConnection(item, url, context);
      else if (item.event === 'gap') line(new Date().toISOString(), 'gap', '-', '-', '-', 'forget what came before');
      else if (item.event === 'snapshot') {
        for (const one of fieldsList(item.data, 'instances')) {
          const { name, status, addrs } = watched(appOf(item.data), one);
          line(textField(one, 'updatedAt'), 'present', name, status, addrs, '');
        }
      } else if ('matches' in item.data) {
        const { at, name, status, addrs, text } = changeOf(item.data);
        line(at, item.event, name, status, addrs, text);
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
  const name = `${appOf(data)}/${textField(data, 'instance')}`;
  return { at: textField(data, 'at'), name, status, addrs, text: textField(data, 'text') };
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

  show(item: WatchItem): string | undefined {
    if (item.kind === 'disconnected') this.#state = disconnectedText(item);
    else if (item.kind === 'reconnected') this.#state = `watching ${this.#url}`;
    else if (item.kind === 'event') this.#apply(item.event, item.data);
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
    const paint = painter(this.#context);
    const all = this.#instances.sorted();
    // State, empty line and head above; and below as many lines as there may be changes, with theirs.
    const room = Math.max(rows - 6 - (this.#changes.length === 0 ? 0 : this.#changes.length + 2), 1);
    const nowMs = Date.now();
    const shown = all
      .slice(0, room)
      .map(({ name, status, addrs, version, zone, changedMs }) => [
        name,
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
