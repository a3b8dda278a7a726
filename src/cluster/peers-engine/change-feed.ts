// Gives a peer this node's changes, from the revision on that it has. Where its numbers are of another life it gets
// everything, of all nodes: what it lacks may be of one that is dead. What is sent is read from the store when the socket
// takes it, so a slow reader costs no memory and gets each instance once, as it is then.
// Limits: `linesAtOnce` lines are joined for a write; a line each second, so that the reader notices when they stop.

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeText } from '../nodes/node-value.ts';
import type { NodeSelf } from '../peer-link/messages.ts';
import { isNodeName } from '../records/keys.ts';
import { atLine, entryLine, headLine, type StreamHead } from './changes-lines.ts';
import type { SharedStore } from './shared-store.ts';

const linesAtOnce = 200;
const beatMs = 1000;

export interface ChangeFeedDeps {
  readonly store: Pick<SharedStore, 'revision' | 'changedAfter' | 'textOf'>;
  readonly me: string;
  readonly head: () => Omit<StreamHead, 'isGap'>;
  /** Another process of that name which is heard. */
  readonly holderOf: (node: string, run: string) => NodeSelf | undefined;
  /** A node has begun to follow. */
  readonly onReader: (node: string) => void;
}

interface Reader {
  /** Undefined: those of all nodes. */
  author: string | undefined;
  from: number;
  readonly isOnce: boolean;
  readonly response: ServerResponse;
}

export class ChangeFeed {
  readonly #deps: ChangeFeedDeps;
  readonly #waiting = new Set<() => void>();

  constructor(deps: ChangeFeedDeps) {
    this.#deps = deps;
  }

  /** The store has changed. */
  wake(): void {
    for (const one of this.#waiting) one();
    this.#waiting.clear();
  }

  async serve(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { me, head, store, holderOf, onReader } = this.#deps;
    const [node, run] = [query.get('node') ?? '', query.get('run') ?? ''];
    if (!isNodeName(node)) return refuse(response, 400, { problem: 'node is missing' });
    const holder = holderOf(node, run);
    if (holder !== undefined)
      return refuse(response, 409, { problem: `another node is called ${node}`, holder: nodeText(holder) });
    const owner = query.get('owner') ?? 'self';
    const author = owner === 'self' ? me : owner;
    const from = Number(query.get('from') ?? 0);
    onReader(node);
    const now = head();
    const isKnown = query.get('life') === now.life && Number.isSafeInteger(from) && from <= store.revision;
    const isGap = owner === 'self' && !isKnown;
    const isOnce = owner !== 'self';
    const reader: Reader = { author: isGap ? undefined : author, from: isKnown ? from : 0, isOnce, response };
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.on('error', () => response.destroy());
    response.write(headLine({ ...now, isGap }));
    await this.#run(reader, author);
  }

  async #run(reader: Reader, author: string): Promise<void> {
    const { response } = reader;
    while (!response.destroyed) {
      if (!(await this.#batch(reader))) return;
      reader.author = author;
      response.write(atLine(reader.from, reader.isOnce));
      if (reader.isOnce) return void response.end();
      if (this.#deps.store.revision <= reader.from) await this.#more(response);
    }
  }

  /** All up to now; false: the reader has gone. */
  async #batch(reader: Reader): Promise<boolean> {
    const { store } = this.#deps;
    const { response, author } = reader;
    const target = store.revision;
    let lines: string[] = [];
    for (const path of store.changedAfter(reader.from)) {
      const found = store.textOf(path);
      if (found === undefined || (author !== undefined && found.author !== author)) continue;
      lines.push(entryLine(path, found.text));
      if (lines.length < linesAtOnce) continue;
      if (!(await send(response, lines.join('')))) return false;
      lines = [];
    }
    reader.from = target;
    return lines.length === 0 || send(response, lines.join(''));
  }

  /** A change, or a second. */
  async #more(response: ServerResponse): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, beatMs).unref();
    response.once('close', resolve);
    await promise;
    clearTimeout(timer);
    response.off('close', resolve);
    this.#waiting.delete(resolve);
    // What changes in one turn goes together.
    await pause(0, undefined, { ref: false });
  }
}

async function send(response: ServerResponse, text: string): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once('close', onClose);
  const isDrained = await once(response, 'drain', { signal: gone.signal }).then(
    () => true,
    () => false,
  );
  response.off('close', onClose);
  return isDrained && !response.destroyed;
}

function refuse(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body));
}
