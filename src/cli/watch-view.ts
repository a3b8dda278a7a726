// What shows a watch: a table that stays up to date on a terminal (live-table.ts), a line for each change in a pipe,
// documents for programs (watch-lines.ts); and what they have in common.

import { appField, type Fields, partField, textField } from './document-fields.ts';
import { durationText } from './duration.ts';
import type { Key } from './terminal/keys.ts';
import type { WatchItem } from './watch-events.ts';

export interface WatchView {
  /** Shows it; returns why it cannot, if so. */
  show(item: WatchItem): string | undefined;
  /** Where it is scrolled. */
  press?(key: Key): void;
  stop(): void;
}

export function disconnectedText({ reason, retryInMs }: { reason: string; retryInMs: number }): string {
  return `Lost the stream: ${reason}; trying again in ${durationText(Math.max(retryInMs, 1000))} and from then on.`;
}

export function changeOf(data: Fields) {
  const after = partField(data, 'after');
  const [status, addrs] = [textField(after, 'status'), textField(after, 'addrs')];
  const name = `${appField(data)}/${textField(data, 'instance')}`;
  return { at: textField(data, 'at'), name, status, addrs, text: textField(data, 'text') };
}
