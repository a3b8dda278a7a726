// What the bench must know of another server to start it on the same names, with one thread or process that answers.

import { join } from 'node:path';
import type { Spelling } from '../names.ts';

export interface Rival {
  readonly name: string;
  readonly program: string;
  /** More names than this take it minutes to read. */
  readonly namesMax: number;
  /** The file of names, line by line. */
  lines(count: number): Iterable<string>;
  /** The text of its configuration; `port` takes DNS over UDP and TCP, `morePorts` are free for what else it opens. */
  config(folder: string, port: number, morePorts: readonly number[]): string;
  args(folder: string): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As in the zone file by default. */
  readonly spelling?: Spelling;
  readonly morePorts?: number;
  /** For one that answers before it has read all names. */
  knowsAll?(count: number, morePorts: readonly number[]): Promise<boolean>;
}

export const conf = (folder: string): string => join(folder, 'server.conf');
export const names = (folder: string): string => join(folder, 'names');
