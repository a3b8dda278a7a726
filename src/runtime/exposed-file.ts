// Whether a file of secrets can be read or replaced by users of the machine that should not: others than its owner and group
// may read or write it, or its group may write it. A group that may read is how a service without root gets its file.
// Limits: the mode of the file itself, as `ls -lL` shows it; access lists and the folders above it are not looked at.

import { statSync } from 'node:fs';

const othersRead = 0o004;
const othersWrite = 0o002;
const groupWrite = 0o020;

export interface Exposure {
  /** As chmod takes it. */
  readonly mode: string;
  readonly text: string;
}

/** Undefined: it is not exposed, or is no file. */
export function exposureOf(path: string): Exposure | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || !found.isFile()) return undefined;
  const mode = found.mode & 0o777;
  const who = (mode & othersRead) !== 0 || (mode & othersWrite) !== 0 ? 'every user of this machine' : 'its group';
  const isWritable = (mode & (othersWrite | groupWrite)) !== 0;
  if (!isWritable && (mode & othersRead) === 0) return undefined;
  const what = isWritable ? 'changed' : 'read';
  const octal = mode.toString(8).padStart(4, '0');
  return {
    mode: octal,
    text: `it can be ${what} by ${who} (mode ${octal}): chmod 600 it, or 640 with the group that the server runs as`,
  };
}
