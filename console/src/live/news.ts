// A list of recorded changes, newest first, that grows at its head while changes happen. What was read and what came by
// the stream may overlap: each revision is listed once.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Change } from '../api/shapes.ts';
import { onChanges } from './changes.ts';

/** Of those that came; the record has the others. */
const newsMax = 5000;

/** `key` names what is wanted. */
export function useNews(
  read: readonly Change[] | undefined,
  key: string,
  isWanted: (change: Change) => boolean,
): readonly Change[] {
  const [news, setNews] = useState<readonly Change[]>([]);
  useEffect(
    () =>
      onChanges((changes) => {
        const own = changes.map((one): Change => one).reverse();
        setNews((before) => [...own, ...before].slice(0, newsMax));
      }),
    [],
  );
  return useMemo(() => {
    const known = new Set((read ?? []).map(({ revision }) => revision));
    return [...news.filter((change) => !known.has(change.revision) && isWanted(change)), ...(read ?? [])];
  }, [news, read, key]);
}
