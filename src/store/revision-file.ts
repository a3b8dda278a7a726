// The registry's revision over restarts. Revisions and with them the SOA serial must never go back (design §5, rule 7;
// resolvers and secondaries compare serials by RFC 1982), so a mark ahead of the counter is kept on disk: it is moved
// on in blocks, before the counter reaches it, and after a crash counting goes on behind the mark. One small file,
// replaced by rename and synced, written once in ten thousand changes.
// Without a directory, or should the file be lost, counting starts at the seconds since 1970, which is ahead of any
// earlier life that saw less than one change a second on average.

import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const blockSize = 10_000;
const fileName = 'revision';

export interface RevisionMark {
  /** Where counting starts. */
  readonly initial: number;
  /** To be called with every new revision: moves the mark on in time. */
  passed(revision: number): void;
  /** Notes the exact revision: a clean stop leaves no gap. */
  close(revision: number): void;
}

export interface RevisionMarkDeps {
  wallMs(): number;
  /** The mark could not be read or written; counting goes on. Says what a person needs to mend it. */
  onFault(message: string): void;
}

/** Opens the mark in `directory` (made if missing), or one in memory where it is undefined. */
export function openRevisionMark(
  directory: string | undefined,
  deps: RevisionMarkDeps,
): RevisionMark | { problem: string } {
  const seconds = Math.floor(deps.wallMs() / 1000);
  if (directory === undefined) return { initial: seconds, passed: () => {}, close: () => {} };
  const path = join(directory, fileName);
  const unusable = directoryProblem(directory);
  if (unusable !== undefined) return { problem: `Cannot keep data in ${directory}: ${unusable}` };
  // One behind the last life's: this one begins with other data, an empty registry, so with another serial.
  const initial = Math.max(read(path, deps) + 1, seconds);
  let mark = initial;

  function write(revision: number): void {
    // Set first: a full disk is reported once a block and not with every change.
    mark = revision;
    try {
      replace(path, `${revision}\n`);
    } catch (error) {
      deps.onFault(
        `Cannot keep the revision in ${path}, so after a crash the SOA serial may go back: ${(error as Error).message}`,
      );
    }
  }

  write(initial + blockSize);
  return {
    initial,
    passed(revision) {
      if (revision >= mark) write(revision + blockSize);
    },
    close: write,
  };
}

/** What a person has to mend before a start. A full disk is not among it: that heals, and names must be answered. */
function directoryProblem(directory: string): string | undefined {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOSPC' ? undefined : message;
  }
}

function read(path: string, { onFault }: RevisionMarkDeps): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') onFault(`Cannot read ${path}, so revisions go on from the time of day: ${message}`);
    return 0;
  }
  if (/^[0-9]{1,15}\n$/.test(text)) return Number(text);
  onFault(`${path} is damaged, so revisions go on from the time of day: it should hold one number`);
  return 0;
}

/** The old content or the new one, whatever happens in between. */
function replace(path: string, content: string): void {
  const next = `${path}.new`;
  const file = openSync(next, 'w');
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}
