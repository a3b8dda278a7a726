// Reports what happens to the files of some folders, as the operating system reports it: soon, but not surely. Reports
// are lost when too many come at once, network file systems give none, and a folder that was replaced is watched under
// its old identity: so refresh() is to be called now and then, and files are to be looked at as well.

import { type FSWatcher, statSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Touch } from './settling.ts';

export interface FolderWatchDeps {
  /** The file at `path` was touched, made or removed. */
  onTouch(path: string, touch: Touch): void;
  /** A folder cannot be watched. Reported once, until it can be again. */
  onFault(folder: string, reason: string): void;
}

interface Watched {
  readonly watcher: FSWatcher;
  /** Which folder it is, whatever its name leads to. */
  readonly identity: string;
}

export class FolderWatch {
  readonly #deps: FolderWatchDeps;
  /** Undefined: it is to be watched and is not. */
  readonly #folders = new Map<string, Watched | undefined>();
  readonly #faulty = new Set<string>();
  #isClosed = false;

  constructor(deps: FolderWatchDeps) {
    this.#deps = deps;
  }

  /** Watches a folder from now on. One that does not exist is forgotten again at the next refresh. */
  add(folder: string): void {
    if (this.#isClosed || this.#folders.get(folder) !== undefined) return;
    this.#folders.set(folder, this.#watch(folder));
  }

  /** Watches again what has another identity, or could not be watched; forgets folders that are gone. */
  async refresh(): Promise<void> {
    for (const [folder, watched] of new Map(this.#folders)) {
      const identity = await identityOf(folder);
      if (this.#isClosed) return;
      if (watched !== undefined && identity === watched.identity) continue;
      watched?.watcher.close();
      this.#folders.delete(folder);
      if (identity !== undefined) this.add(folder);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const watched of this.#folders.values()) watched?.watcher.close();
    this.#folders.clear();
  }

  #watch(folder: string): Watched | undefined {
    try {
      const { dev, ino } = statSync(folder);
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        // Without a name nothing is known but that something happened: the next look at the files will show.
        if (name !== null) this.#deps.onTouch(join(folder, name), event === 'rename' ? 'replaced' : 'written');
      });
      watcher.on('error', () => {
        watcher.close();
        if (!this.#isClosed) this.#folders.set(folder, undefined);
      });
      this.#faulty.delete(folder);
      return { watcher, identity: `${dev} ${ino}` };
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && !this.#faulty.has(folder)) {
        this.#faulty.add(folder);
        this.#deps.onFault(folder, message);
      }
      return undefined;
    }
  }
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(folder);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}
