// Apps by env and name. Besides the apps it counts, for every dotted suffix of their names, how many apps lie below:
// `acme.prod.svc` exists (as an empty non-terminal) exactly as long as some `….acme` is registered in `prod`. Env and
// name are compared apart, never as joined text: they cannot run into each other.
// The names of an env are a list in the order of their arrival. It may change while someone goes along it: what leaves
// still leads on to what was after it.

import { HashTable } from './hash-table.ts';
import { appHash } from './text-hash.ts';

export interface Named {
  readonly env: string;
  readonly appid: string;
}

/** An app, or the end of the names of several. */
export interface KnownSuffix<App> {
  readonly app: App | undefined;
  /** Apps at or below this suffix. */
  readonly count: number;
}

interface Entry<App> extends KnownSuffix<App> {
  readonly hash: number;
  readonly env: string;
  readonly suffix: string;
  app: App | undefined;
  /** Apps at or below this suffix. */
  count: number;
  /** Of the env's names; the env's own entry, of the suffix '', is the first. */
  next: Entry<App> | undefined;
  previous: Entry<App> | undefined;
}

/** Of an env: its first name and its last. */
interface Ends<App> {
  readonly first: Entry<App>;
  last: Entry<App>;
}

export class Catalogue<App extends Named> {
  readonly #entries = new HashTable<Entry<App>, string, string>(
    (entry, suffix, env) => entry.suffix === suffix && entry.env === env,
  );
  readonly #envs = new Map<string, Ends<App>>();
  #size = 0;
  /** Found by the last `app`: a change asks for its app several times. */
  #latest: App | undefined;

  /** The number of apps. */
  get size(): number {
    return this.#size;
  }

  at(env: string, appid: string): App | 'within' | undefined {
    const latest = this.#latest;
    if (latest !== undefined && latest.appid === appid && latest.env === env) return latest;
    const entry = this.#find(env, appid);
    return entry === undefined ? undefined : (entry.app ?? 'within');
  }

  app(env: string, appid: string): App | undefined {
    const latest = this.#latest;
    if (latest !== undefined && latest.appid === appid && latest.env === env) return latest;
    const app = this.#find(env, appid)?.app;
    this.#latest = app;
    return app;
  }

  /** What is at the env and name of this hash (see `appHash`), or at others of that hash; undefined: nothing is. */
  knownWithHash(hash: number): KnownSuffix<App> | undefined {
    return this.#entries.withHash(hash);
  }

  /** Precondition: no app of this name is there. */
  add(app: App): void {
    const { env, appid } = app;
    if (!this.#envs.has(env)) {
      const first = this.#newEntry(env, '');
      this.#envs.set(env, { first, last: first });
    }
    for (const suffix of suffixesOf(appid)) {
      const entry = this.#find(env, suffix) ?? this.#append(this.#newEntry(env, suffix));
      entry.count++;
    }
    (this.#find(env, appid) as Entry<App>).app = app;
    this.#size++;
  }

  /** Precondition: the app is there. */
  delete(app: App): void {
    const { env, appid } = app;
    this.#latest = undefined;
    (this.#find(env, appid) as Entry<App>).app = undefined;
    for (const suffix of suffixesOf(appid)) {
      const entry = this.#find(env, suffix) as Entry<App>;
      entry.count--;
      if (entry.count === 0) this.#remove(entry);
    }
    this.#size--;
  }

  /** All apps, or those of one env, in no particular order. */
  *apps(env?: string): Generator<App> {
    for (const { first } of env === undefined ? this.#envs.values() : [this.#envs.get(env) ?? { first: undefined }]) {
      for (let entry: Entry<App> | undefined = first; entry !== undefined; entry = entry.next)
        if (entry.app !== undefined) yield entry.app;
    }
  }

  #find(env: string, suffix: string): Entry<App> | undefined {
    return this.#entries.find(appHash(env, suffix), suffix, env);
  }

  #newEntry(env: string, suffix: string): Entry<App> {
    const entry = {
      hash: appHash(env, suffix),
      env,
      suffix,
      app: undefined,
      count: 0,
      next: undefined,
      previous: undefined,
    };
    this.#entries.add(entry);
    return entry;
  }

  #append(entry: Entry<App>): Entry<App> {
    const ends = this.#envs.get(entry.env) as Ends<App>;
    entry.previous = ends.last;
    ends.last.next = entry;
    ends.last = entry;
    return entry;
  }

  /** Its `next` stays, for those who are at it. */
  #remove(entry: Entry<App>): void {
    const { env, previous, next } = entry;
    this.#entries.delete(entry);
    if (previous === undefined) {
      this.#envs.delete(env);
      return;
    }
    const ends = this.#envs.get(env) as Ends<App>;
    previous.next = next;
    if (next === undefined) ends.last = previous;
    else next.previous = previous;
  }
}

/** `com.acme.pay`, `acme.pay`, `pay` and '' (the env itself). */
function* suffixesOf(appid: string): Generator<string> {
  yield appid;
  for (let dot = appid.indexOf('.'); dot >= 0; dot = appid.indexOf('.', dot + 1)) yield appid.slice(dot + 1);
  yield '';
}
