// The registered app that a name below the origin belongs to: the longest appid in front of the env.

import type { AppKey } from '../../model/names.ts';
import type { ReadView } from '../read-view.ts';

/** `origin`: with a final dot. */
export function appOfName(name: string, origin: string, view: Pick<ReadView, 'app'>): AppKey | undefined {
  const labels = labelsBelow(name, origin);
  const env = labels?.pop();
  if (labels === undefined || env === undefined) return undefined;
  for (let first = 0; first < labels.length; first++) {
    const appid = labels.slice(first).join('.');
    if (view.app(env, appid) !== undefined) return { env, appid };
  }
  return undefined;
}

/** In front of the origin. */
export function labelsBelow(name: string, origin: string): string[] | undefined {
  const end = `.${origin}`;
  return name.endsWith(end) ? name.slice(0, -end.length).split('.') : undefined;
}
