// Follows one peer's changes: connects, reads lines, and goes on from where it was when the connection breaks. A stream that
// sends nothing for three seconds is broken, since it sends something each second.
// Limits: a line of `lineOctetsMax`; between two attempts a quarter of a second, then up to a second.

import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject } from '../../model/instance.ts';
import { parseNode } from '../nodes/node-value.ts';
import type { NodeInfo } from '../nodes/nodes-table.ts';
import type { PeerCredentials } from '../peer-link/credentials.ts';
import { textOf } from '../peer-link/peer-client.ts';
import { peerRequest } from '../peer-link/peer-request.ts';
import { lineOctetsMax, parseLine, type StreamHead, type StreamLine } from './changes-lines.ts';

const silenceMs = 3000;
const retryMs = { first: 250, last: 1000 };
/** Between two turns of the event loop, so that a snapshot holds nothing up. */
const linesATurn = 200;

export interface StreamRequest {
  readonly url: string;
  readonly credentials: PeerCredentials;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** How it ended; `occupied`: another process has this node's name there. */
export interface StreamEnd {
  readonly kind: 'ended' | 'broken' | 'occupied';
  readonly why: string;
  /** Who has the name, where the peer sends it. */
  readonly holder?: NodeInfo | undefined;
}

/** Reads until the stream ends or breaks. `onLine` is called in order; false ends it. Never rejects. */
export async function readStream(request: StreamRequest, onLine: (line: StreamLine) => boolean): Promise<StreamEnd> {
  const response = await open(request);
  if (response instanceof Error) return { kind: 'broken', why: response.message };
  const { statusCode } = response;
  try {
    if (statusCode === 409) return { kind: 'occupied', why: 'its name is taken', holder: await holderIn(response) };
    if (statusCode !== 200) return { kind: 'broken', why: `it replies with ${statusCode}` };
    return await lines(response, onLine);
  } catch (error) {
    return { kind: 'broken', why: (error as Error).message };
  } finally {
    response.destroy();
  }
}

function open({ url, credentials, query, signal }: StreamRequest): Promise<IncomingMessage | Error> {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage | Error>();
  const path = `changes?${new URLSearchParams(query).toString()}`;
  const request = peerRequest({ url, path, credentials, agent: false }, { signal });
  request.setTimeout(silenceMs, () => request.destroy(new Error(`it has sent nothing for ${silenceMs / 1000} s`)));
  request.on('error', resolve);
  request.on('response', resolve);
  request.end();
  return promise;
}

async function holderIn(response: IncomingMessage): Promise<NodeInfo | undefined> {
  const body: unknown = JSON.parse((await textOf(response, lineOctetsMax)) ?? '');
  const holder = isObject(body) ? body['holder'] : undefined;
  const parsed = typeof holder === 'string' ? parseNode(new TextEncoder().encode(holder)) : undefined;
  return parsed === undefined || Array.isArray(parsed) ? undefined : parsed;
}

async function lines(response: IncomingMessage, onLine: (line: StreamLine) => boolean): Promise<StreamEnd> {
  response.setEncoding('utf8');
  let rest = '';
  let count = 0;
  for await (const chunk of response as AsyncIterable<string>) {
    const texts = (rest + chunk).split('\n');
    rest = texts.pop() ?? '';
    if (rest.length > lineOctetsMax) return { kind: 'broken', why: `a line is longer than ${lineOctetsMax} octets` };
    for (const text of texts) {
      const line = parseLine(text);
      if (!onLine(line)) return { kind: 'broken', why: 'it was left' };
      if (line.kind === 'at' && line.isEnd) return { kind: 'ended', why: '' };
      if (++count % linesATurn === 0) await nextTurn();
    }
  }
  return { kind: 'broken', why: 'it has closed the connection' };
}

export interface ChangeFollowerDeps {
  readonly url: string;
  readonly me: string;
  readonly run: string;
  readonly credentials: PeerCredentials;
  readonly nowMs: () => number;
  /** False: this is no node to follow. */
  readonly onHead: (head: StreamHead) => boolean;
  readonly onEntry: (line: StreamLine & { readonly kind: 'entry' }) => void;
  readonly onBad: (line: StreamLine & { readonly kind: 'bad' }) => void;
  /** Everything up to it is here. */
  readonly onAt: (head: StreamHead, revision: number) => void;
  readonly onEnd: (end: StreamEnd) => void;
}

export class ChangeFollower {
  readonly #deps: ChangeFollowerDeps;
  readonly #stop = new AbortController();
  #endWait: (() => void) | undefined;
  #from: { readonly life: string; readonly revision: number } | undefined;
  /** Whose changes it has, and up to where. */
  head: StreamHead | undefined;
  isLive = false;
  /** When it last received that it has everything. */
  heardMs = Number.NEGATIVE_INFINITY;
  why = 'it was not reached yet';
  gaps = 0;
  resumed = 0;

  constructor(deps: ChangeFollowerDeps) {
    this.#deps = deps;
    void this.#run();
  }

  get url(): string {
    return this.#deps.url;
  }

  /** Of the peer's: everything up to it is here. */
  get revision(): number {
    return this.#from?.revision ?? -1;
  }

  /** The peer was heard: the next attempt is made now. */
  hurry(): void {
    this.#endWait?.();
  }

  close(): void {
    this.#stop.abort();
    this.#endWait?.();
  }

  async #run(): Promise<void> {
    const { me, run, url, credentials, onEnd } = this.#deps;
    const { signal } = this.#stop;
    let waitMs = retryMs.first;
    while (!signal.aborted) {
      const from = this.#from;
      const place = from === undefined ? {} : { life: from.life, from: String(from.revision) };
      const query = { owner: 'self', node: me, run, ...place };
      const end = await readStream({ url, credentials, query, signal }, (line) => this.#line(line));
      if (signal.aborted) return;
      if (this.isLive) waitMs = retryMs.first;
      this.isLive = false;
      this.why = end.why;
      onEnd(end);
      await this.#wait(waitMs);
      waitMs = Math.min(retryMs.last, waitMs * 2);
    }
  }

  async #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endWait = resolve;
    const timer = setTimeout(resolve, ms).unref();
    await promise;
    clearTimeout(timer);
    this.#endWait = undefined;
  }

  #line(line: StreamLine): boolean {
    const { onHead, onEntry, onBad, onAt, nowMs } = this.#deps;
    if (this.#stop.signal.aborted) return false;
    switch (line.kind) {
      case 'head':
        if (!onHead(line.head)) return false;
        if (this.#from !== undefined) {
          if (line.head.isGap) this.gaps++;
          else this.resumed++;
        }
        if (line.head.isGap) this.#from = undefined;
        this.head = line.head;
        return true;
      case 'entry':
        onEntry(line);
        return true;
      case 'bad':
        onBad(line);
        return true;
      case 'at': {
        const { head } = this;
        if (head === undefined) return false;
        this.#from = { life: head.life, revision: line.revision };
        this.isLive = true;
        this.heardMs = nowMs();
        onAt(head, line.revision);
        return true;
      }
    }
  }
}
