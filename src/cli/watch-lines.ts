// A watch that is not drawn: a line for each change in a pipe, documents for programs. What becomes of the connection goes
// to stderr, so that what is read from stdout stays events alone.

import type { CliContext } from './command.ts';
import { appField, fieldsList, textField } from './document-fields.ts';
import { printable, printableWord } from './terminal/printable.ts';
import type { WatchItem } from './watch-events.ts';
import { changeOf, disconnectedText, type WatchView } from './watch-view.ts';
import { watched } from './watched-instances.ts';

export function watchDocuments(textOf: (document: unknown) => string, url: string, context: CliContext): WatchView {
  return {
    show(item) {
      if (item.kind === 'event') context.out(textOf({ event: item.event, ...item.data }));
      else printConnection(item, url, context);
      return undefined;
    },
    stop: () => {},
  };
}

function printConnection(item: WatchItem, url: string, { err }: CliContext): void {
  if (item.kind === 'disconnected') err(`${disconnectedText(item)}\n`);
  if (item.kind === 'reconnected') err(`Connected to ${url} again.\n`);
}

/** A line for each instance that is there, and each change: time, what, where, status, addresses, who and why. */
export function watchLines(url: string, context: CliContext): WatchView {
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
          const { name, state, addrs } = watched(appField(item.data), one);
          line(textField(one, 'updatedAt'), 'present', name, state, addrs, '');
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
