// Whether a name still leads to the file that was opened under it. A database whose folder was removed, moved or replaced
// takes every write, into unlinked files: the next start would be empty without a warning. So a write looks
// first, by device and inode; it is seen a moment late at most, and what was not written is still in the queue.
// Limits: a few microseconds a commit. What is overwritten in place is another fault (soundness.ts).

import { statSync } from 'node:fs';

export class OpenedFile {
  readonly #path: string;
  #known: string | undefined;

  /** `path` may have to be made yet: it is known from the first look that finds it. */
  constructor(path: string) {
    this.#path = path;
    this.fault();
  }

  /** Why it is not the file that was opened; undefined: it is. */
  fault(): string | undefined {
    const found = identityOf(this.#path);
    if (found === this.#known) return undefined;
    if (this.#known === undefined) {
      this.#known = found;
      return undefined;
    }
    if (found === undefined)
      return `${this.#path} is gone: it was removed or moved while in use; put it back, or restart to begin without it`;
    return `${this.#path} is another file than the one that was opened: put that one back, or restart to use this one`;
  }
}

/** Undefined: there is none. An error of another kind is not about the file, and the write will meet it. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? undefined : `${found.dev}:${found.ino}`;
}
