// The last chance to clean up: when a test file could not, because its tests were skipped or it broke off. vitest ends
// its workers with SIGTERM, at which Node by itself leaves without an `exit` event.

const cleanups = new Set<() => void>();
let isHeard = false;

/** `cleanup` is called when the worker ends, must not wait and must not throw. Returns the way to take it back. */
export function atWorkerEnd(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  if (!isHeard) {
    isHeard = true;
    process.once('exit', () => {
      for (const one of cleanups) one();
    });
    process.once('SIGTERM', () => process.exit());
  }
  return () => {
    cleanups.delete(cleanup);
  };
}
