// Recordings of real clients against real servers of other registries (test/fixtures/transcripts), as requests with the
// answers that they got, in the order in which they were sent.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'transcripts');

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Exchange {
  readonly number: number;
  readonly atMs: number;
  readonly request: Message & { readonly method: string; readonly url: string };
  readonly reply: Message & { readonly status: number };
}

/** Names of the recordings that begin with `system`, without `.txt`. */
export function transcripts(system: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${system}-`) && name.endsWith('.txt'));
  if (names.length === 0) throw new Error(`there are no recordings of ${system}`);
  return names.map((name) => name.slice(0, -4));
}

/** Those that were answered. */
export function exchangesOf(name: string): readonly Exchange[] {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8');
  const found = text
    .split(/^(?=#\d+ )/m)
    .map(exchangeIn)
    .filter((one) => one !== undefined);
  return found.toSorted((a, b) => a.atMs - b.atMs || a.number - b.number);
}

function exchangeIn(block: string): Exchange | undefined {
  const head = /^#(\d+) \+(\d+)ms/.exec(block);
  const line = /^> ([A-Z]+) (\S+) HTTP/m.exec(block);
  const status = /^< (\d{3})/m.exec(block);
  if (head === null || line === null || status === null) return undefined;
  const [before, after] = [block.slice(0, status.index), block.slice(status.index)];
  const [, number, atMs] = head;
  const [, method, url] = line;
  return {
    number: Number(number),
    atMs: Number(atMs),
    request: { method: method as string, url: url as string, ...messageIn(before, '>') },
    reply: { status: Number(status[1]), ...messageIn(after, '<') },
  };
}

function messageIn(text: string, sign: '>' | '<'): Message {
  const at = text.indexOf(`\n${sign}\n`);
  const head = at < 0 ? text : text.slice(0, at);
  const headers: Record<string, string> = {};
  for (const [, name, value] of head.matchAll(/^[<>] ([A-Za-z][\w-]*): ?(.*)$/gm))
    headers[(name as string).toLowerCase()] = value as string;
  return { headers, body: at < 0 ? '' : text.slice(at + 3).trim() };
}
