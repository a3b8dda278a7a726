// What a file that is replaced looks like from outside: changes whenever it does, or a link on the way to it. By `stat` and
// not by a watcher: files of secrets are replaced by renames, by links to folders (Kubernetes, certbot) and on network file
// systems, and each of them deceives inotify.

import { statSync } from 'node:fs';

/** How often such files are looked at. Two looks have to agree. */
export const fileCheckMs = 5000;

export function fileState(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? 'missing' : `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`;
}
