// What a zone was made from: each file that was looked for, when it was written, and a hash of its content. With that
// a reload can distinguish a changed file from one that was only touched, without keeping its text.

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { type ConfinedFile, readConfinedLater, stampOf } from './confined-file.ts';

export interface ZoneSource {
  /** As it was looked for. */
  readonly path: string;
  /** The same, absolute. */
  readonly absolutePath: string;
  /** Where it was found; undefined: it was refused. */
  readonly realPath: string | undefined;
  readonly stamp: string;
  /** Hash of its octets, or why there are none. */
  readonly digest: string;
}

export function sourceOf(path: string, file: ConfinedFile): ZoneSource {
  const { stamp } = file;
  const absolutePath = resolve(path);
  if (file.refused !== undefined)
    return { path, absolutePath, realPath: undefined, stamp, digest: file.refused.reason };
  return { path, absolutePath, realPath: file.realPath, stamp, digest: file.content.digest };
}

/** A hash of the text alone, wherever the files are: the same at all nodes that have the same files. */
export function contentDigestOf(sources: readonly ZoneSource[]): string {
  return createHash('sha256')
    .update(sources.map(({ digest }) => digest).join('\0'))
    .digest('hex')
    .slice(0, 16);
}

/** Whether two loads were made from the same text. */
export function zonesDigestOf(sources: readonly ZoneSource[]): string {
  return sources.map(({ path, digest }) => `${path}\0${digest}`).join('\0');
}

/** Whether any of the files may be another one now: asks for their stamps alone. */
export async function mayDiffer(sources: readonly ZoneSource[]): Promise<boolean> {
  for (const { path, stamp } of sources) if ((await stampOf(path)) !== stamp) return true;
  return false;
}

/** The sources with their stamps of now where no content differs; undefined: one does. */
export async function unchanged(
  sources: readonly ZoneSource[],
  root: string,
  octetsMax: number,
): Promise<readonly ZoneSource[] | undefined> {
  const now: ZoneSource[] = [];
  for (const source of sources) {
    const same = (await stampOf(source.path)) === source.stamp;
    const read = same ? source : sourceOf(source.path, await readConfinedLater({ path: source.path, root, octetsMax }));
    if (read.digest !== source.digest) return undefined;
    now.push(read);
  }
  return now;
}
