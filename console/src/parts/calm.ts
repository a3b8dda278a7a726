// A value that changes often, taken over at most once in a while: under load a page asks DNS again once a second and not
// with every change.

import { useEffect, useRef, useState } from 'preact/hooks';

export function useCalm<T>(value: T, everyMs: number): T {
  const [calm, setCalm] = useState(value);
  const newest = useRef(value);
  newest.current = value;
  const takenAt = useRef(0);
  const isDifferent = calm !== value;
  useEffect(() => {
    if (!isDifferent) return;
    const wait = Math.max(0, takenAt.current + everyMs - performance.now());
    // Not moved by later changes: it takes the newest value then.
    const timer = setTimeout(() => {
      takenAt.current = performance.now();
      setCalm(newest.current);
    }, wait);
    return () => clearTimeout(timer);
  }, [isDifferent, calm]);
  return calm;
}
