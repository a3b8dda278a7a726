// Apps by env and name. Besides the apps it counts, for every dotted suffix of their names, how many apps lie below:
// `acme.prod.svc` exists (as an empty non-terminal) exactly as long as some `….acme` is registered in `prod`. Keys are
// nested maps, never joined text: an env and an appid cannot run into each other.

export interface Named {
  readonly env: string;
  readonly appid: string;
}

interface Entry<App> {
  app: App | undefined;
  /** Apps at or below this suffix. */
  count: number;
}

export class Catalogue<App extends Named> {
  readonly #envs = new Map<string, Map<string, Entry<App>>>();
  #size = 0;

  /** The number of apps. */
  get size(): number {
    return this.#size;
  }

  at(env: string, appid: string): App | 'within' | undefined {
    const entry = this.#envs.get(env)?.get(appid);
    return entry === undefined ? undefined : (entry.app ?? 'within');
  }

  app(env: string, appid: string): App | undefined {
    return this.#envs.get(env)?.get(appid)?.app;
  }

  /** Precondition: no app of this name is there. */
  add(app: App): void {
    let names = this.#envs.get(app.env);
    if (names === undefined) {
      names = new Map();
      this.#envs.set(app.env, names);
    }
    for (const suffix of suffixesOf(app.appid)) {
      const entry = names.get(suffix);
      if (entry === undefined) names.set(suffix, { app: undefined, count: 1 });
      else entry.count++;
    }
    (names.get(app.appid) as Entry<App>).app = app;
    this.#size++;
  }

  /** Precondition: the app is there. */
  delete(app: App): void {
    const names = this.#envs.get(app.env) as Map<string, Entry<App>>;
    (names.get(app.appid) as Entry<App>).app = undefined;
    for (const suffix of suffixesOf(app.appid)) {
      const entry = names.get(suffix) as Entry<App>;
      entry.count--;
      if (entry.count === 0) names.delete(suffix);
    }
    if (names.size === 0) this.#envs.delete(app.env);
    this.#size--;
  }

  /** All apps, or those of one env, in no particular order. */
  *apps(env?: string): Generator<App> {
    const envs = env === undefined ? this.#envs.values() : [this.#envs.get(env) ?? new Map<string, Entry<App>>()];
    for (const names of envs) for (const entry of names.values()) if (entry.app !== undefined) yield entry.app;
  }
}

/** `com.acme.pay`, `acme.pay`, `pay` and '' (the env itself). */
function* suffixesOf(appid: string): Generator<string> {
  yield appid;
  for (let dot = appid.indexOf('.'); dot >= 0; dot = appid.indexOf('.', dot + 1)) yield appid.slice(dot + 1);
  yield '';
}
