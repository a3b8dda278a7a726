// Instances that one node is asked for by another that does not know them: as they are kept, in the reply to the question,
// since without etcd there is no watch that would bring them.
// Limits: as many as fit in a message.

import { entryOf } from './changes-lines.ts';
import type { SharedStore } from './shared-store.ts';

const octetsMax = 700_000;

export function entriesOf(
  store: Pick<SharedStore, 'textOf'>,
  paths: readonly string[],
): (readonly [path: string, text: string])[] {
  let octets = 0;
  return paths.flatMap((path) => {
    const text = store.textOf(path)?.text;
    octets += text?.length ?? 0;
    return text === undefined || octets > octetsMax ? [] : [[path, text] as const];
  });
}

/** What a peer has sent; what cannot be read is left out. */
export function bringEntries(store: Pick<SharedStore, 'merge'>, entries: unknown): void {
  for (const one of Array.isArray(entries) ? entries : []) {
    const [path, text]: readonly unknown[] = Array.isArray(one) ? one : [];
    if (typeof path !== 'string' || typeof text !== 'string') continue;
    const entry = entryOf(path, parsed(text));
    if (typeof entry === 'object') store.merge(entry.path, entry.kept);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
