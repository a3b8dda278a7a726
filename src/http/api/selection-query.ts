// The filters by which callers select instances, as query parameters: `status version zone group tag port`.
// All calls that take them read them here, so that one word means the same everywhere.

import { problem } from '../../model/problem.ts';
import type { Selection } from '../../model/selection/filter.ts';
import type { Status } from '../../model/status.ts';
import type { QueryReader } from './query-reader.ts';

export const selectionParameters = ['status', 'version', 'zone', 'group', 'tag', 'port'] as const;

/** What the caller selects by; faults go to the reader's problems. */
export function readSelection(query: QueryReader): Selection {
  return {
    ...given('status', statusOf(query)),
    ...given('version', query.text('version')),
    ...given('zone', query.text('zone')),
    ...given('group', query.text('group')),
    ...given('tags', query.texts('tag')),
    ...given('port', query.text('port')),
  };
}

function given<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}

/** A status by name, or as the bit mask by which other registries ask: 1 up, 2 waiting, 3 both. */
function statusOf(query: QueryReader): Status | undefined {
  const text = query.text('status');
  if (text === undefined || text === '3') return undefined;
  if (text === 'up' || text === '1') return 'up';
  if (text === 'waiting' || text === '2') return 'waiting';
  query.problems.push(problem('status', 'must be up, waiting, 1, 2 or 3 (both)', text));
  return undefined;
}
