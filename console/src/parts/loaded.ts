// Reading something for a page: again when what it depends on changes, and on demand. Replies that come too late are
// dropped; a failed reading keeps what was read before.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { failureText, type Result } from '../api/http.ts';
import { onReset } from '../live/changes.ts';
import { signInReason } from '../session.ts';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly trouble: string | undefined;
  readonly etag: string | undefined;
  /** The HTTP status of the refusal. */
  readonly status: number | undefined;
  readonly again: () => void;
}

/**
 * `key` names what is read: another one drops what was read before. Undefined: nothing is to be read. Another `version`
 * reads again and keeps what is shown until then.
 */
export function useLoaded<T>(
  key: string | undefined,
  read: (signal: AbortSignal) => Promise<Result<T>>,
  version = '',
): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'again'> & { readonly key: string | undefined }>(nothing(key));
  const [turn, setTurn] = useState(0);
  const reader = useRef(read);
  reader.current = read;
  const again = useCallback(() => setTurn((n) => n + 1), []);
  useEffect(() => onReset(again), []);
  const isSignedIn = signInReason.value === undefined;
  useEffect(() => {
    if (key === undefined || !isSignedIn) return;
    const aborted = new AbortController();
    void reader.current(aborted.signal).then((result) => {
      if (aborted.signal.aborted) return;
      if (result.kind === 'ok')
        setState({ key, value: result.value, trouble: undefined, etag: result.etag, status: undefined });
      else {
        const status = result.kind === 'problem' ? result.problem.status : undefined;
        setState((before) => ({
          ...(before.key === key ? before : nothing<T>(key)),
          trouble: failureText(result),
          status,
        }));
      }
    });
    return () => aborted.abort();
  }, [key, version, turn, isSignedIn]);
  return { ...(state.key === key ? state : nothing<T>(key)), again };
}

/** Reads again every so often, while the page can be seen. */
export function useEvery(ms: number, { again }: Pick<Loaded<unknown>, 'again'>): void {
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), ms);
    return () => clearInterval(timer);
  }, [ms, again]);
}

function nothing<T>(key: string | undefined): Omit<Loaded<T>, 'again'> & { readonly key: string | undefined } {
  return { key, value: undefined, trouble: undefined, etag: undefined, status: undefined };
}
