// Instances of service files that several nodes have: who of them runs each. The first that registered it does; the others
// are candidates. Each hello has a digest of what a node's files name, and where that is another than before, the list is
// fetched. A candidate takes an instance over where the owner's file no longer has it, or the owner is dead; of several
// the first by name. The executor of a dead node leaves such instances to them.
// Limits: `entriesMax` entries a node; of more, the rest is no candidate.

import { createHash } from 'node:crypto';
import { isObject } from '../../model/instance.ts';
import type { InstanceKey } from '../../model/names.ts';
import type { NamedInFiles } from '../../model/other-files.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import { instancePath, readKey } from '../records/keys.ts';

const entriesMax = 10_000;

export interface FileCandidatesDeps {
  readonly me: string;
  readonly table: NodesTable;
  readonly ownerOf: (path: string) => string | undefined;
  /** The list of a peer; undefined: no answer. */
  readonly fetch: (node: string) => Promise<unknown>;
  readonly takeOver: (path: string) => void;
}

interface NodeFiles {
  digest: string;
  paths: ReadonlySet<string>;
  isFetching: boolean;
}

export class FileCandidates {
  readonly #deps: FileCandidatesDeps;
  readonly #others = new Map<string, NodeFiles>();
  #own: ReadonlySet<string> = new Set();
  /** Of those in this node's files that another node ran, the ones that this node has asked for. */
  readonly #asked = new Set<string>();
  #onTaken: (keys: readonly InstanceKey[]) => void = () => {};
  #onOthers: () => void = () => {};
  #living = '';
  digest = '';

  constructor(deps: FileCandidatesDeps) {
    this.#deps = deps;
  }

  named(all: NamedInFiles): void {
    const entries = all.slice(0, entriesMax).map(({ key, digest }) => [instancePath(key), digest] as const);
    this.#own = new Set(entries.map(([path]) => path));
    const text = entries.map(([path, digest]) => `${path} ${digest}`).sort();
    this.digest =
      text.length === 0 ? '' : createHash('sha256').update(text.join('\n')).digest('base64url').slice(0, 16);
  }

  onTaken(listener: (keys: readonly InstanceKey[]) => void): void {
    this.#onTaken = listener;
  }

  onOthers(listener: () => void): void {
    this.#onOthers = listener;
  }

  /** For a peer that asks. */
  list(): { readonly digest: string; readonly paths: readonly string[] } {
    return { digest: this.digest, paths: [...this.#own] };
  }

  /** A peer's hello. */
  heard(node: string, digest: string): void {
    const known = this.#others.get(node);
    if (known === undefined && digest === '') return;
    const files = known ?? { digest: '', paths: new Set<string>(), isFetching: false };
    this.#others.set(node, files);
    if (files.digest === digest || files.isFetching) return;
    if (digest === '') {
      Object.assign(files, { digest, paths: new Set() });
      this.#onOthers();
    } else void this.#fetch(node, files);
  }

  runnerOf(key: InstanceKey): string | undefined {
    const path = instancePath(key);
    const owner = this.#deps.ownerOf(path);
    if (owner === undefined || owner === this.#deps.me || !this.#isLiving(owner)) return undefined;
    // Before its first hello it is not known to lack it.
    const files = this.#others.get(owner);
    return files === undefined || files.isFetching || files.paths.has(path) ? owner : undefined;
  }

  holderOf(key: InstanceKey): string | undefined {
    const path = instancePath(key);
    return this.#holders(path)[0];
  }

  /** The executor of a dead node: whether a candidate is to have it. */
  isLeft(path: string): boolean {
    return !this.#own.has(path) && this.#holders(path).length > 0;
  }

  /** Once a second. */
  look(): void {
    const { me, ownerOf, takeOver } = this.#deps;
    const taken: InstanceKey[] = [];
    const living = [...this.#others.keys()].filter((node) => this.#isLiving(node)).join();
    if (living !== this.#living) this.#onOthers();
    this.#living = living;
    for (const path of this.#own) {
      const owner = ownerOf(path);
      const isAsked = this.#asked.has(path);
      if (owner === me && isAsked) {
        this.#asked.delete(path);
        const key = readKey(path);
        if (key?.kind === 'instance') taken.push(key.key);
      } else if (owner === undefined || owner === me || this.#has(owner, path) || !this.#isFirst(path)) {
        this.#asked.delete(path);
      } else if (!this.#isStarting(owner)) {
        this.#asked.add(path);
        takeOver(path);
      }
    }
    if (taken.length > 0) this.#onTaken(taken);
  }

  /** A living owner's list must be known before something can be missing from it. */
  #isStarting(owner: string): boolean {
    const state = this.#deps.table.get(owner);
    if (state === undefined || state.isDead) return false;
    const files = this.#others.get(owner);
    return !state.hasSentHello || files?.isFetching === true;
  }

  #isFirst(path: string): boolean {
    const [first] = this.#holders(path);
    return first === undefined || this.#deps.me < first;
  }

  /** Others that live. */
  #holders(path: string): string[] {
    return [...this.#others.keys()].filter((node) => this.#has(node, path)).sort();
  }

  #has(node: string, path: string): boolean {
    return this.#isLiving(node) && this.#others.get(node)?.paths.has(path) === true;
  }

  #isLiving(node: string): boolean {
    const state = this.#deps.table.get(node);
    return state !== undefined && !state.isDead && !state.hasLeft;
  }

  async #fetch(node: string, files: NodeFiles): Promise<void> {
    files.isFetching = true;
    const reply = listOf(await this.#deps.fetch(node));
    files.isFetching = false;
    if (reply === undefined) return;
    Object.assign(files, reply);
    this.#onOthers();
  }
}

function listOf(reply: unknown): { readonly digest: string; readonly paths: ReadonlySet<string> } | undefined {
  if (!isObject(reply)) return undefined;
  const { digest, paths } = reply;
  if (typeof digest !== 'string' || !Array.isArray(paths) || paths.length > entriesMax) return undefined;
  return { digest, paths: new Set(paths.filter((path): path is string => typeof path === 'string')) };
}
