// The last chance to clean up: when a test file could not, because its tests were skipped or it broke off. vitest ends
// its workers with SIGTERM, a person ends a bench with Ctrl-C: at both Node by itself leaves without an `exit` event.

const cleanups = new Set<() => void>();
let isHeard = false;

/**
 * `cleanup` is called when the worker ends, the latest first (a program before the folder that it writes to), and must
 * not wait. Returns the way to take it back.
 */
export function atWorkerEnd(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  if (!isHeard) {
    isHeard = true;
    process.once('exit', () => {
      for (const one of [...cleanups].reverse()) attempt(one);
    });
    process.once('SIGTERM', () => process.exit());
    process.once('SIGINT', () => process.exit(130));
  }
  return () => {
    cleanups.delete(cleanup);
  };
}

/** One that fails must not keep the others from their work. */
function attempt(cleanup: () => void): void {
  try {
    cleanup();
  } catch (error) {
    console.error(error);
  }
}
