// The registry's revision over restarts. Revisions and with them the SOA serial must never go back (design §5, rule 7;
// resolvers and secondaries compare serials by RFC 1982), so a mark ahead of the counter is kept on disk: it is moved
// on in blocks, before the counter reaches it, and after a crash counting goes on after the mark. One small file,
// replaced by rename and synced, written once in ten thousand changes.
// It has one owner, this file, and not the database: it also counts what is no change of an instance (a reloaded zone),
// it is written before a number is used, and it is a second witness when the database is damaged.
// Should it be lost, counting goes on from the seconds since 1970 or a block after the database's last change: ahead of
// any earlier run that saw less than one change a second on average.

import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { notAFile } from './data-folder.ts';

/** How far ahead the mark is: so much may be counted between two syncs of it. */
export const blockSize = 10_000;
const fileName = 'revision';

export interface Mark {
  readonly revision: number;
  /** What else the serial covered: a hash of the zone files. Empty: unknown. */
  readonly zonesDigest: string;
}

export interface RevisionMark {
  /** To be called with every new revision: moves the mark on in time. */
  passed(revision: number): void;
  /** Notes the exact revision: a clean stop leaves no gap. */
  close(mark: Mark): void;
}

/** Something could not be read or written, and counting goes on. It has what an operator needs to mend it. */
type OnFault = (message: string) => void;

/** The mark of the last run; undefined: there is none that can be read. */
export function readMark(directory: string, onFault: OnFault): Mark | undefined | { readonly problem: string } {
  const unusable = directoryProblem(directory);
  if (unusable !== undefined) return { problem: `Cannot keep data in ${directory}: ${unusable}` };
  return read(join(directory, fileName), onFault);
}

/** Begins to count on from `initial`. */
export function openMark(directory: string, initial: number, onFault: OnFault): RevisionMark {
  const path = join(directory, fileName);
  let mark = initial;

  function write(revision: number, zonesDigest: string): void {
    // Set first: a full disk is reported once a block and not with every change.
    mark = revision;
    try {
      replaceFile(path, `${revision}${zonesDigest === '' ? '' : ` ${zonesDigest}`}\n`);
    } catch (error) {
      onFault(
        `Cannot keep the revision in ${path}, so after a crash the SOA serial may go back: ${(error as Error).message}`,
      );
    }
  }

  write(initial + blockSize, '');
  return {
    passed(revision) {
      if (revision >= mark) write(revision + blockSize, '');
    },
    close: ({ revision, zonesDigest }) => write(revision, zonesDigest),
  };
}

/** What a person has to mend before a start. A full disk is not among it: that heals, and names must be answered. */
function directoryProblem(directory: string): string | undefined {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    const blocking = notAFile(directory);
    return blocking === undefined ? undefined : `${blocking} is not a regular file`;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') return 'it is not a folder';
    return code === 'ENOSPC' ? undefined : message;
  }
}

function read(path: string, onFault: OnFault): Mark | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') onFault(`Cannot read ${path}, so revisions go on from the time of day: ${message}`);
    return undefined;
  }
  const [, revision, zonesDigest = ''] = /^([0-9]{1,15})(?: (\S{1,100}))?\n$/.exec(text) ?? [];
  if (revision !== undefined) return { revision: Number(revision), zonesDigest };
  onFault(`${path} is damaged, so revisions go on from the time of day: it should hold one number`);
  return undefined;
}

/** The old content or the new one, whatever happens in between. */
export function replaceFile(path: string, content: string): void {
  const next = `${path}.new`;
  try {
    const file = openSync(next, 'w');
    try {
      writeSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}
