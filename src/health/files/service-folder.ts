// A folder of service files, followed while we run: every second each file's stamp is looked at, and one that has
// changed is read once it has been the same for two looks, so that a half-written file is not. Looking is cheap, and sees
// what reports of the operating system miss (network file systems, Kubernetes' links). A folder that is gone is no statement
// about its files: their entries stay. A file is applied as a whole; its faults are logged once, and its last good version counts.
// Limits: 1000 files; names that begin with a dot, or do not end in .yaml or .yml, are none.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrationDefaults } from '../../model/instance.ts';
import { parseApart } from './parse-apart.ts';
import { filesMax, isServiceFileName, textOf } from './read-service-file.ts';
import type { Service } from './service-file.ts';

export interface ServiceFolderDeps {
  readonly defaults: RegistrationDefaults;
  /**
   * A file is new or another one: these are its services now. Resolves with what cannot be done, as `4:3: …`. Files
   * that are `leaving` are gone, and will be withdrawn next.
   */
  readonly apply: (
    file: string,
    services: readonly Service[],
    leaving: ReadonlySet<string>,
  ) => Promise<readonly string[]>;
  /** A file is gone. */
  readonly withdraw: (file: string) => Promise<void>;
  readonly log: WriteLog;
}

export type WriteLog = (level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string) => void;

const everyMsDefault = 1000;

interface Followed {
  /** As it was at the last look; empty: it was not there. */
  seen: string;
  /** As it was when it was read. */
  read: string | undefined;
  /** A version of it counts. */
  isGood: boolean;
}

export class ServiceFolder {
  readonly #folder: string;
  readonly #deps: ServiceFolderDeps;
  readonly #everyMs: number;
  readonly #files = new Map<string, Followed>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;
  #fault = '';
  #expected: ReadonlySet<string> = new Set();

  constructor(folder: string, deps: ServiceFolderDeps, everyMs = everyMsDefault) {
    this.#folder = folder;
    this.#deps = deps;
    this.#everyMs = everyMs;
  }

  /**
   * Reads every file as it is, and follows them from then on. Resolves with the names of the files there are; undefined:
   * the folder is not there.
   */
  async start(): Promise<readonly string[] | undefined> {
    const isThere = await this.#look(true);
    this.#again();
    return isThere ? [...this.#files.keys()] : undefined;
  }

  /** The folder should be there: these files in it have named instances, which stay until a version of them is good. */
  expect(files: ReadonlySet<string>): void {
    this.#expected = files;
  }

  /** Resolves when nothing is read any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #again(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(false).then(() => this.#again());
    }, this.#everyMs);
    this.#timer.unref();
  }

  /** False: the folder cannot be read. */
  async #look(isFirst: boolean): Promise<boolean> {
    const names = await this.#names();
    if (names === undefined) return false;
    // A file is gone when it is so for two looks, and after the others have been read: one that was renamed has then
    // been seen under its new name for two looks as well, and its services do not leave in between.
    const missing = [...this.#files].filter(([name]) => !names.includes(name));
    const leaving = new Set(missing.filter(([, { seen }]) => seen === '').map(([name]) => name));
    for (const [, file] of missing) file.seen = '';
    for (const name of names) {
      const stamp = await stampOf(join(this.#folder, name));
      if (this.#isClosed) return true;
      const file = this.#files.get(name) ?? { seen: '', read: undefined, isGood: false };
      this.#files.set(name, file);
      const isSettled = isFirst || stamp === file.seen;
      file.seen = stamp;
      if (!isSettled || stamp === file.read) continue;
      file.read = stamp;
      await this.#read(name, file, leaving);
    }
    for (const name of leaving) {
      if (this.#isClosed) return true;
      this.#files.delete(name);
      await this.#deps.withdraw(name);
      this.#deps.log('info', { file: join(this.#folder, name) }, 'a service file is gone');
    }
    return true;
  }

  /** Undefined: the folder cannot be read now, which is no statement about its files. */
  async #names(): Promise<string[] | undefined> {
    try {
      const names = (await readdir(this.#folder)).filter(isServiceFileName).sort();
      this.#complain(names.length > filesMax ? `there are ${names.length} files, the first ${filesMax} are read` : '');
      return names.slice(0, filesMax);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isMissed = this.#expected.size > 0 || this.#files.size > 0;
      if (code !== 'ENOENT') this.#complain(message);
      else if (isMissed) this.#complain('it is gone: the last good version of its files counts');
      return undefined;
    }
  }

  /** About the folder; once. */
  #complain(fault: string): void {
    if (fault !== '' && fault !== this.#fault)
      this.#deps.log('warn', { folder: this.#folder, reason: fault }, 'cannot follow all service files');
    this.#fault = fault;
  }

  async #read(name: string, file: Followed, leaving: ReadonlySet<string>): Promise<void> {
    const path = join(this.#folder, name);
    const text = await textOf(path);
    if (this.#isClosed) return;
    const parsed =
      'fault' in text ? { faults: [`1:1: ${text.fault}`] } : await parseApart(text.text, this.#deps.defaults);
    if (this.#isClosed) return;
    if ('faults' in parsed) {
      const isKept = file.isGood || this.#expected.has(name);
      const which = isKept ? 'its last good version counts' : 'none of its services is taken';
      const faults = parsed.faults.map((fault) => `${path}:${fault}`);
      this.#deps.log('warn', { file: path, faults }, `cannot read a service file: ${which}`);
      return;
    }
    const refused = (await this.#deps.apply(name, parsed.services, leaving)).map((fault) => `${path}:${fault}`);
    const services = parsed.services.length - refused.length;
    const level = refused.length > 0 ? 'warn' : 'info';
    const more = refused.length > 0 ? { faults: refused } : {};
    this.#deps.log(
      level,
      { file: path, services, ...more },
      file.isGood ? 'read a service file again' : 'read a service file',
    );
    file.isGood = true;
  }
}

/** Changes with the file's content, whatever its name leads to. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino, dev } = await stat(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino} ${dev}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
