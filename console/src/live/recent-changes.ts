// A list of recorded changes, newest first, that grows at its head while changes happen. What was read and what came by
// the stream may overlap: each revision is listed once.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Change } from '../api/shapes.ts';
import { onChanges } from './changes.ts';

/** Of those that came; the record has the others. */
const recentMax = 5000;

/** `key` names what is wanted. */
export function useRecentChanges(
  read: readonly Change[] | undefined,
  key: string,
  isWanted: (change: Change) => boolean,
): readonly Change[] {
  const [recent, setRecent] = useState<readonly Change[]>([]);
  useEffect(
    () =>
      onChanges((changes) => {
        const own = changes.map((one): Change => one).reverse();
        setRecent((before) => [...own, ...before].slice(0, recentMax));
      }),
    [],
  );
  return useMemo(() => {
    const known = new Set((read ?? []).map(({ revision }) => revision));
    return [...recent.filter((change) => !known.has(change.revision) && isWanted(change)), ...(read ?? [])];
  }, [recent, read, key]);
}
