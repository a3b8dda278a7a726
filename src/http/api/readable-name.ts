// Whether a caller may see what DNS would answer for a name: the app that the name means, which is the longest that is
// registered, has to be one that it reads. Names of a whole env (browsing, the env itself) are for those who read all of it,
// names that are of no env for those who read everything.

import type { ReadView } from '../../control/read-view.ts';
import type { AppScope } from '../../model/scope.ts';

/** `unknown`: no such app is registered, and it would be the caller's; what is like it is not for the caller. */
export function readingOf(
  scope: AppScope,
  name: string,
  origin: string,
  view: Pick<ReadView, 'app'>,
): 'all' | 'unknown' | 'none' {
  if (scope.isEverywhere) return 'all';
  const text = name.toLowerCase().replace(/\.$/, '');
  const end = `.${origin.toLowerCase().replace(/\.$/, '')}`;
  // A dot within a label is escaped.
  if (!text.endsWith(end) || text.includes('\\')) return 'none';
  const labels = text.slice(0, -end.length).split('.');
  const env = labels.pop() as string;
  if (scope.coversEnv(env)) return 'all';
  for (let from = 0; from < labels.length; from++) {
    const appid = labels.slice(from).join('.');
    if (view.app(env, appid) !== undefined) return scope.covers(env, appid) ? 'all' : 'none';
  }
  return labels.length > 0 && scope.covers(env, labels.join('.')) ? 'unknown' : 'none';
}
