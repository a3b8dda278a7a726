// All service files of a folder read once, as the server would read them, for their author: every fault with file,
// line and column, those that lie between two files included. Nothing is registered.
// Limits: those of a folder and its files.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrationDefaults } from '../../model/instance.ts';
import { filesMax, isServiceFileName, textOf } from './read-service-file.ts';
import { parseServiceFile } from './service-file.ts';

export interface CheckedFolder {
  readonly files: number;
  /** In files without a fault. */
  readonly services: number;
  /** `services.d/pay.yaml:7:5: checks[0].path must begin with /, received x` */
  readonly faults: readonly string[];
}

/** What is not written in a file does not change whether it is right. */
const defaults: RegistrationDefaults = { leaseSeconds: 90, dnsTtl: 5 };

export async function checkServiceFolder(folder: string): Promise<CheckedFolder> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter(isServiceFileName).sort();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      files: 0,
      services: 0,
      faults: [`${folder}:1:1: ${code === 'ENOENT' ? 'there is no such folder' : message}`],
    };
  }
  const faults: string[] = [];
  if (names.length > filesMax)
    faults.push(`${folder}:1:1: there are ${names.length} files, and only the first ${filesMax} are read`);
  /** By instance, the file that names it first. */
  const holders = new Map<string, string>();
  let services = 0;
  for (const name of names.slice(0, filesMax)) {
    const path = join(folder, name);
    const text = await textOf(path);
    const file = 'fault' in text ? { faults: [`1:1: ${text.fault}`] } : parseServiceFile(text.text, defaults);
    if ('faults' in file) {
      faults.push(...file.faults.map((fault) => `${path}:${fault}`));
      continue;
    }
    for (const { key, at } of file.services) {
      const id = `${key.env}/${key.appid}/${key.instance}`;
      const holder = holders.get(id);
      if (holder === undefined) {
        holders.set(id, path);
        services++;
      } else faults.push(`${path}:${at}: ${id} is in ${holder === path ? 'this file' : holder} already`);
    }
  }
  return { files: Math.min(names.length, filesMax), services, faults };
}
