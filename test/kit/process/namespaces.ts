// Programs in network namespaces of their own on one bridge (Linux, root alone), so that any two of them can be cut off from
// each other, in both directions or in one: a route that drops what one sends to the other. Connections that are open
// stay so and stall, as they do when a cable is pulled.
// Limits: one bridge a run, removed with its namespaces at the end, or with the process.

import { spawnSync } from 'node:child_process';
import { output, run } from './program.ts';
import { atWorkerEnd } from './worker-end.ts';

/** Why there can be none; empty: there can. */
export async function obstacleToNamespaces(): Promise<string> {
  if (process.getuid?.() !== 0) return 'only root may make namespaces';
  const name = `rc${process.pid}t`;
  const made = await run('ip', ['netns', 'add', name]).catch((error: Error) => ({ code: 1, err: error.message }));
  if (made.code !== 0) return `no network namespaces: ${made.err.trim()}`;
  await run('ip', ['netns', 'del', name]);
  return '';
}

export class Namespaces implements AsyncDisposable {
  readonly #id: string;
  readonly #net: string;
  readonly #names: readonly string[];
  readonly #cuts = new Map<string, number>();
  readonly #isOver: () => void;

  private constructor(names: readonly string[]) {
    this.#id = `rc${process.pid}x${Math.floor(Math.random() * 1000)}`.slice(0, 11);
    this.#net = `10.${200 + Math.floor(Math.random() * 50)}.${Math.floor(Math.random() * 250)}`;
    this.#names = names;
    this.#isOver = atWorkerEnd(() => this.#removeNow());
  }

  static async create(names: readonly string[]): Promise<Namespaces> {
    const made = new Namespaces(names);
    await ip('link', 'add', made.#id, 'type', 'bridge');
    await ip('addr', 'add', `${made.#net}.1/24`, 'dev', made.#id);
    await ip('link', 'set', made.#id, 'up');
    for (const [index, name] of names.entries()) await made.#add(index, name);
    return made;
  }

  addressOf(name: string): string {
    return `${this.#net}.${10 + this.#names.indexOf(name)}`;
  }

  /** What to put before a command, so that it runs there. */
  enter(name: string): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.#namespace(name)];
  }

  /** Nothing that `from` sends reaches `to` any more. Cuts of the same pair add up; returns what ends this one. */
  async cut(from: string, to: string): Promise<() => Promise<void>> {
    const pair = `${from} ${to}`;
    const route = ['blackhole', `${this.addressOf(to)}/32`] as const;
    const count = this.#cuts.get(pair) ?? 0;
    this.#cuts.set(pair, count + 1);
    if (count === 0) await ip('-n', this.#namespace(from), 'route', 'add', ...route);
    return async () => {
      const left = (this.#cuts.get(pair) ?? 1) - 1;
      this.#cuts.set(pair, left);
      if (left === 0) await ip('-n', this.#namespace(from), 'route', 'del', ...route);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver();
    this.#removeNow();
    await Promise.resolve();
  }

  async #add(index: number, name: string): Promise<void> {
    const [namespace, outer] = [this.#namespace(name), `${this.#id}v${index}`];
    await ip('netns', 'add', namespace);
    await ip('link', 'add', outer, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', outer, 'master', this.#id, 'up');
    await ip('-n', namespace, 'addr', 'add', `${this.addressOf(name)}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }

  #namespace(name: string): string {
    return `${this.#id}-${name}`;
  }

  #removeNow(): void {
    for (const name of this.#names) spawnSync('ip', ['netns', 'del', this.#namespace(name)]);
    spawnSync('ip', ['link', 'del', this.#id]);
  }
}

function ip(...args: string[]): Promise<string> {
  return output('ip', args);
}
