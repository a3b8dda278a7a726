// Which channels a change concerns: found by its env and app, so that it costs nothing to those who watch others. Keys
// are `env/appid`: neither part can contain a slash.
// Limits: a channel exists as long as it has watchers, and these are limited.

import type { Change } from '../../model/change.ts';
import type { Channel } from './channel.ts';
import type { WatchQuery } from './watch-query.ts';

export class ChannelIndex {
  readonly #byQuery = new Map<string, Channel>();
  readonly #byPlace = new Map<string, Set<Channel>>();

  get size(): number {
    return this.#byQuery.size;
  }

  find(query: WatchQuery): Channel | undefined {
    return this.#byQuery.get(query.key);
  }

  add(channel: Channel): void {
    this.#byQuery.set(channel.query.key, channel);
    for (const place of placesOf(channel.query)) {
      const channels = this.#byPlace.get(place);
      if (channels === undefined) this.#byPlace.set(place, new Set([channel]));
      else channels.add(channel);
    }
  }

  delete(channel: Channel): void {
    this.#byQuery.delete(channel.query.key);
    for (const place of placesOf(channel.query)) {
      const channels = this.#byPlace.get(place);
      channels?.delete(channel);
      if (channels?.size === 0) this.#byPlace.delete(place);
    }
  }

  /** Hands the change to every channel whose query names its app, to each once. */
  changed(change: Change): void {
    const { env, appid } = change.after ?? change.before;
    for (const place of [everything, `${env}/`, `${env}/${appid}`]) {
      for (const channel of this.#byPlace.get(place) ?? []) channel.changed(change);
    }
  }
}

const everything = '/';

/** No two of them hold the same app: see watch-query.ts. */
function placesOf({ apps, envs }: WatchQuery): string[] {
  if (apps.length === 0 && envs.length === 0) return [everything];
  return [...envs.map((env) => `${env}/`), ...apps.map(({ env, appid }) => `${env}/${appid}`)];
}
