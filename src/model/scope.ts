// Where a right holds: apps, by patterns of env and app in which `*` is any run of characters. A scope is asked for each
// call and each change of a stream, so it is made once for a caller; everywhere costs nothing.
// Limits: patterns are matched in time of pattern times name, whatever they hold; names are compared as lower case.

export interface AppPattern {
  /** A pattern; undefined: all. */
  readonly env?: string | undefined;
  readonly app?: string | undefined;
}

export interface AppScope {
  readonly isEverywhere: boolean;
  readonly isNowhere: boolean;
  /** The same for scopes that cover the same; empty: everywhere. */
  readonly key: string;
  readonly places: readonly AppPattern[];
  covers(env: string, appid: string): boolean;
  /** All apps of this env. */
  coversEnv(env: string): boolean;
  /** At least one app that this env could have. */
  touches(env: string): boolean;
}

export const everywhere: AppScope = {
  isEverywhere: true,
  isNowhere: false,
  key: '',
  places: [{}],
  covers: () => true,
  coversEnv: () => true,
  touches: () => true,
};

export function scopeOf(places: readonly AppPattern[]): AppScope {
  const all = places.map(({ env = '*', app = '*' }) => ({ env: env.toLowerCase(), app: app.toLowerCase() }));
  if (all.some(({ env, app }) => isAny(env) && isAny(app))) return everywhere;
  const inEnv = (env: string) => all.filter((place) => matches(place.env, env.toLowerCase()));
  return {
    isEverywhere: false,
    isNowhere: all.length === 0,
    key: JSON.stringify([...new Set(all.map(({ env, app }) => `${env}/${app}`))].sort()),
    places,
    covers: (env, appid) => {
      const name = appid.toLowerCase();
      return inEnv(env).some(({ app }) => matches(app, name));
    },
    coversEnv: (env) => inEnv(env).some(({ app }) => isAny(app)),
    touches: (env) => inEnv(env).length > 0,
  };
}

function isAny(pattern: string): boolean {
  return /^\*+$/.test(pattern);
}

/** `*` is any run of characters, also none. */
export function matches(pattern: string, text: string): boolean {
  let [at, from] = [0, 0];
  // Where to go on when what follows the last star does not match: the star takes one character more.
  let [star, taken] = [-1, 0];
  while (at < text.length) {
    if (pattern[from] === '*') {
      star = from++;
      taken = at;
    } else if (pattern[from] === text[at]) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++taken;
    } else return false;
  }
  while (pattern[from] === '*') from++;
  return from === pattern.length;
}
