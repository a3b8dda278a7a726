// When apps were last asked for, in a file of the data folder: written now and then and at the end, replaced whole by a rename.
// It is no data of the registry: what is lost or damaged costs the time since when apps without queries are known, and the
// file is not synced. Where queries are not counted it is removed, since what it has would be wrong later.
// Limits: `octetsMax`, and `askedAppsMax` apps.

import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AskedRecord, askedAppsMax } from '../model/asked-record.ts';
import { isObject } from '../model/instance.ts';
import { parsed } from './stored-json.ts';

const fileName = 'rollcall.asked.json';
const version = 1;
/** A hundred thousand apps with names of 300 octets. */
const octetsMax = 32 * 1024 * 1024;

/** Undefined: there is none that can be used. */
export function readAsked(folder: string): AskedRecord | undefined {
  try {
    // A pipe would hold up the start.
    const file = openSync(join(folder, fileName), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      return found.isFile() && found.size <= octetsMax ? recordIn(parsed(readFileSync(file, 'utf8'))) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** Rejects where it cannot be written; what was there before stays then. */
export async function writeAsked(folder: string, { sinceMs, writtenMs, apps }: AskedRecord): Promise<void> {
  const path = join(folder, fileName);
  const text = JSON.stringify({ version, sinceMs, writtenMs, apps: Object.fromEntries(apps) });
  try {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    await rm(`${path}.new`, { force: true });
    throw error;
  }
}

export function removeAsked(folder: string): void {
  rmSync(join(folder, fileName), { force: true });
}

function recordIn(value: unknown): AskedRecord | undefined {
  if (!isObject(value) || value['version'] !== version || !isObject(value['apps'])) return undefined;
  const { sinceMs, writtenMs } = value;
  if (!isTime(sinceMs) || !isTime(writtenMs)) return undefined;
  const apps = Object.entries(value['apps']).filter((entry): entry is [string, number] => isTime(entry[1]));
  return { sinceMs, writtenMs, apps: apps.slice(0, askedAppsMax) };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
