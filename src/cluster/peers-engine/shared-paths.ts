// The keys of what nodes share without etcd: of an instance its record or its tombstone, and the label that it claims.

import { labelPath } from '../records/keys.ts';
import type { Kept, KeptFields } from './kept-value.ts';

/** What of it the nodes share. */
export function sharedKind(path: string): Kept['kind'] | undefined {
  if (path.startsWith('i/')) return 'record';
  return path.startsWith('g/') ? 'grave' : undefined;
}

export function instancePathOf(path: string): string {
  return path.startsWith('g/') || path.startsWith('h/') ? `i${path.slice(1)}` : path;
}

/** The key of the label that a record has. */
export function labelOf(path: string, { l }: KeptFields): string | undefined {
  const [, env, appid] = path.split('/');
  return typeof l === 'string' && env !== undefined && appid !== undefined ? labelPath(env, appid, l) : undefined;
}
