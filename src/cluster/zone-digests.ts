// Which zone files each node has, as a hash of each (key `z/<node>`), so that nodes whose files differ report it: they would
// answer the same question differently. A node writes its own when it has joined and when a file is another one, together
// with `s`: the serial of the zones moves with their files, at all nodes alike.
// Limits: of more than `zonesMax` files one hash for all is written.

import { createHash } from 'node:crypto';
import { isObject } from '../model/instance.ts';
import type { Swap } from './engine.ts';
import { parseJson } from './records/json-fields.ts';
import { zoneKey } from './records/keys.ts';
import type { SwapResult } from './writes/publisher.ts';

const zonesMax = 1000;
const octetsMax = 262_144;
/** In place of names, where there are too many. */
const allZones = '*';

export interface ZoneDigestsDeps {
  readonly me: string;
  readonly prefix: string;
  /** By zone, as text with a final dot. */
  readonly own: () => ReadonlyMap<string, string>;
  readonly hasSession: (node: string) => boolean;
  /** With a number of its own. */
  readonly change: (swap: Swap) => Promise<SwapResult>;
  /** Without one. */
  readonly move: (swap: Swap) => Promise<SwapResult>;
}

export class ZoneDigests {
  readonly #deps: ZoneDigestsDeps;
  readonly #seen = new Map<string, ReadonlyMap<string, string>>();

  constructor(deps: ZoneDigestsDeps) {
    this.#deps = deps;
  }

  /** A key was put, or deleted. */
  seen(node: string, value: Uint8Array | undefined): void {
    const digests = value === undefined ? undefined : parseDigests(value);
    if (digests === undefined) this.#seen.delete(node);
    else this.#seen.set(node, digests);
  }

  /** As it is written, for nodes that have no etcd. */
  get text(): string {
    return textOf(bounded(this.#deps.own()));
  }

  /** Of that text. */
  get digest(): string {
    return createHash('sha256').update(this.text).digest('hex').slice(0, 16);
  }

  /** Where this node's files are not what it has written last. Settles when etcd has it. */
  async write(): Promise<void> {
    const { me, prefix, own, change, move } = this.#deps;
    const digests = bounded(own());
    const before = this.#seen.get(me);
    if (before !== undefined && isSame(before, digests)) return;
    const value = new TextEncoder().encode(textOf(digests));
    const writes = [{ key: prefix + zoneKey(me), value }];
    const swap: Swap = { conditions: [], writes, reads: [], isOwn: () => false };
    // A node that never had a file changes nothing by writing that.
    await (before === undefined && digests.size === 0 ? move(swap) : change(swap));
  }

  /** Nodes with a session whose files are not this node's, with the zones that differ. */
  differences(): readonly { readonly node: string; readonly zones: readonly string[] }[] {
    const { me, own, hasSession } = this.#deps;
    const mine = bounded(own());
    return [...this.#seen].flatMap(([node, theirs]) => {
      if (node === me || !hasSession(node)) return [];
      const names = new Set([...mine.keys(), ...theirs.keys()]);
      const zones = [...names].filter((zone) => mine.get(zone) !== theirs.get(zone)).sort();
      return zones.length === 0 ? [] : [{ node, zones }];
    });
  }
}

function bounded(digests: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (digests.size <= zonesMax) return digests;
  const all = [...digests].sort().map(([zone, digest]) => `${zone} ${digest}`);
  return new Map([[allZones, createHash('sha256').update(all.join('\n')).digest('hex').slice(0, 16)]]);
}

function textOf(digests: ReadonlyMap<string, string>): string {
  return JSON.stringify({ v: 1, zones: Object.fromEntries(digests) });
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([zone, digest]) => b.get(zone) === digest);
}

/** Undefined: it cannot be read. */
function parseDigests(value: Uint8Array): ReadonlyMap<string, string> | undefined {
  const parsed = parseJson(value, octetsMax);
  const zones = 'json' in parsed && isObject(parsed.json) ? parsed.json['zones'] : undefined;
  if (!isObject(zones)) return undefined;
  const entries = Object.entries(zones).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return new Map(entries.slice(0, zonesMax));
}
