// Reads a file that lies in a folder, and no other: symbolic links are followed to see where they end, and only
// regular files are opened, so that no link, device, FIFO or endless file of a zones folder reaches the server
// (reference: faults-and-security S15). The result has why a file is refused, never what is in it. Once for start-up
// and the command line, which may wait, and once for a running server, which may not.
// Not defended against: someone who swaps folders of the path while it is read; they could as well write the zone.

import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { FileContent } from './file-content.ts';

/** What is to be read. `root`: the folder it must lie in; `octetsMax`: the largest file that is read. */
export interface FileWanted {
  readonly path: string;
  readonly root: string;
  readonly octetsMax: number;
}

export interface FileRefusal {
  readonly reason: string;
  /** There is no such file. */
  readonly isMissing?: boolean;
  /** It was written to while it was read: the content is not reliable. */
  readonly isMoving?: boolean;
}

/** `stamp` shows whether the file may be another one now; see stampOf. */
export type ConfinedFile = { readonly stamp: string } & (
  | { readonly content: FileContent; readonly realPath: string; readonly refused?: never }
  | { readonly refused: FileRefusal }
);

/** The stamp of a file that is not there. */
const noStamp = '';
// Links are resolved by then: one that appears meanwhile is not followed. Opening a FIFO must not wait for a writer.
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function readConfined({ path, root, octetsMax }: FileWanted): ConfinedFile {
  let stamp = noStamp;
  let descriptor: number | undefined;
  try {
    stamp = stampFrom(statSync(path, { bigint: true }));
    const realPath = realpathSync(path);
    if (!isInside(realPath, realpathSync(root))) return { stamp, refused: { reason: outside } };
    descriptor = openSync(realPath, openFlags);
    const before = fstatSync(descriptor, { bigint: true });
    const refused = refusal(before, octetsMax);
    if (refused !== undefined) return { stamp, refused: { reason: refused } };
    const content = new FileContent(Number(before.size));
    while (content.octets <= octetsMax) {
      if (!content.took(readSync(descriptor, content.room()))) break;
    }
    return finished(content, octetsMax, realPath, before, fstatSync(descriptor, { bigint: true }));
  } catch (error) {
    return failed(error, stamp);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** As readConfined, without ever holding the process up. */
export async function readConfinedLater({ path, root, octetsMax }: FileWanted): Promise<ConfinedFile> {
  let stamp = noStamp;
  let file: FileHandle | undefined;
  try {
    stamp = stampFrom(await stat(path, { bigint: true }));
    const realPath = await realpath(path);
    if (!isInside(realPath, await realpath(root))) return { stamp, refused: { reason: outside } };
    file = await open(realPath, openFlags);
    const before = await file.stat({ bigint: true });
    const refused = refusal(before, octetsMax);
    if (refused !== undefined) return { stamp, refused: { reason: refused } };
    const content = new FileContent(Number(before.size));
    while (content.octets <= octetsMax) {
      const { bytesRead } = await file.read(content.room());
      if (!content.took(bytesRead)) break;
    }
    return finished(content, octetsMax, realPath, before, await file.stat({ bigint: true }));
  } catch (error) {
    return failed(error, stamp);
  } finally {
    await file?.close();
  }
}

/** Which file is at `path` and when it was last written to: while that is the same, so is the content. */
export async function stampOf(path: string): Promise<string> {
  try {
    return stampFrom(await stat(path, { bigint: true }));
  } catch {
    return noStamp;
  }
}

function stampFrom({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function isInside(realPath: string, root: string): boolean {
  const inside = relative(root, realPath);
  return !(inside === '..' || inside.startsWith(`..${sep}`) || inside.startsWith(sep));
}

function refusal(status: BigIntStats, octetsMax: number): string | undefined {
  if (!status.isFile()) return 'it is not a regular file';
  return status.size > octetsMax ? `it has ${status.size} octets, more than ${octetsMax}` : undefined;
}

function finished(
  content: FileContent,
  octetsMax: number,
  realPath: string,
  before: BigIntStats,
  after: BigIntStats,
): ConfinedFile {
  const stamp = stampFrom(after);
  if (content.octets > octetsMax) return { stamp, refused: { reason: `it grew over ${octetsMax} octets` } };
  if (stamp !== stampFrom(before) || BigInt(content.octets) !== after.size)
    return { stamp, refused: { reason: 'it was written to while it was read', isMoving: true } };
  return { stamp, content, realPath };
}

function failed(error: unknown, stamp: string): ConfinedFile {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  return { stamp, refused: { reason: reasons[code] ?? 'it cannot be read', isMissing } };
}

const outside = 'it lies outside the folder of the zones';
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  ELOOP: 'its symbolic links lead nowhere',
  ENXIO: 'it is not a regular file',
  EISDIR: 'it is not a regular file',
  ENAMETOOLONG: 'its name is too long',
};
