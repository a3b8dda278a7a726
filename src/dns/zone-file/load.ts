// Zones from a folder: every `*.zone` file is a zone, named after the file (`prod.svc.zone` is `prod.svc.`, design §10).
// Hidden files are left alone: editors keep their locks and drafts there. At start and in check-zones a zone is loaded
// at one go, in a running server in slices: see sliced.ts. A broken file never takes another zone down: its own is
// served as SERVFAIL until it is mended, as other servers do.
// Limits: 64 MiB a file and a zone (parse.ts); what may be opened: confined-file.ts.

import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fold, type Name, parseName, ROOT } from '../message/name.ts';
import { brokenZone, type Zone } from '../zone/zone.ts';
import { type CheckedZone, checkZone } from './check.ts';
import type { ConfinedFile } from './confined-file.ts';
import type { ZoneFault } from './fault.ts';
import { parseZoneFile, type ReadInclude, zoneOctetsMax } from './parse.ts';
import { inOneGo, type Sliced, wanted } from './sliced.ts';
import { sourceOf, type ZoneSource } from './zone-source.ts';

/** What ends the name of a zone's file. */
export const zoneFileSuffix = '.zone';

/** A zone or its faults, and what that came from. */
export type LoadedZone = CheckedZone & {
  readonly path: string;
  /** The zone's own file first, then the included ones; with those that were refused. */
  readonly sources: readonly ZoneSource[];
  /** There is no such file. */
  readonly isMissing: boolean;
  /** A file was written to while it was read: the result is not reliable. */
  readonly isMoving: boolean;
};

export interface LoadedZones {
  /** By apex, folded. */
  readonly zones: ReadonlyMap<Name, Zone>;
  /** For files with faults, where their name is one of a zone and no other file has it: SERVFAIL is served. */
  readonly broken: readonly Zone[];
  /** The folder itself cannot be read. */
  readonly isUnreadable: boolean;
  /** Of all files; a file with faults has no zone of its own. */
  readonly faults: readonly ZoneFault[];
  /** Each file for itself. */
  readonly loads: readonly LoadedZone[];
}

/** Reads every zone of a folder, in the order of their file names. `mayBeMissing`: no folder is no zones. */
export function loadZones(directory: string, { mayBeMissing = false } = {}): LoadedZones {
  const zones = new Map<Name, Zone>();
  const broken = new Map<Name, Zone>();
  const faults: ZoneFault[] = [];
  const loads: LoadedZone[] = [];
  const names = zoneFileNames(directory, mayBeMissing);
  if (typeof names === 'string')
    return { zones, broken: [], isUnreadable: true, faults: [wholeFile(directory, names)], loads };
  for (const fileName of names) {
    const path = join(directory, fileName);
    const loaded = inOneGo(loadZoneFile(path, directory));
    loads.push(loaded);
    faults.push(...loaded.faults);
    if (loaded.zone === undefined) {
      const apex = zoneNameOf(path);
      if (typeof apex === 'string') broken.set(apex, brokenZone(apex));
      continue;
    }
    // Two names that differ in case are one zone.
    const { apex } = loaded.zone;
    if (zones.has(apex)) faults.push(claimedFault(path));
    else zones.set(apex, loaded.zone);
  }
  for (const apex of zones.keys()) broken.delete(apex);
  return { zones, broken: [...broken.values()], isUnreadable: false, faults, loads };
}

/** Reads one zone; `root` is the folder of the zones, which neither the file nor what it includes may leave. */
export function* loadZoneFile(path: string, root: string): Sliced<LoadedZone> {
  const sources: ZoneSource[] = [];
  let isMoving = false;
  const read = function* (at: string): Sliced<ConfinedFile> {
    const file = yield* wanted({ path: at, root, octetsMax: zoneOctetsMax });
    sources.push(sourceOf(at, file));
    if (file.refused?.isMoving === true) isMoving = true;
    return file;
  };
  const apex = zoneNameOf(path);
  if (typeof apex !== 'string') return { path, sources, isMissing: false, isMoving, ...refused(path, apex.fault) };
  const file = yield* read(path);
  if (file.refused !== undefined) {
    const { reason, isMissing = false } = file.refused;
    return { path, sources, isMissing, isMoving, ...refused(path, `cannot read this zone: ${reason}`) };
  }
  const readInclude: ReadInclude = function* (included, from) {
    // Octets of the file system are the octets of the text.
    const text = Buffer.from(included, 'latin1').toString();
    const found = yield* read(resolve(dirname(from.identity), text));
    if (found.refused !== undefined) return { refused: found.refused.reason };
    return { path: join(dirname(from.path), text), identity: found.realPath, text: found.content.pieces };
  };
  const own = { path, identity: file.realPath, text: file.content.pieces };
  const parsed = yield* parseZoneFile(own, apex, readInclude);
  const checked = yield* checkZone(apex, parsed);
  return { path, sources, isMissing: false, isMoving, ...checked };
}

/** The fault of a file whose zone another file has already. */
export function claimedFault(path: string): ZoneFault {
  return wholeFile(path, 'another file has the same zone: names differ in case alone');
}

/** The folded name of the zone that a file holds, or what is wrong with the file's name. */
export function zoneNameOf(path: string): Name | { readonly fault: string } {
  const text = Buffer.from(basename(path, zoneFileSuffix)).toString('latin1');
  if (!path.endsWith(zoneFileSuffix))
    return { fault: `file of a zone must be named after it and end in ${zoneFileSuffix}` };
  // One spelling for each zone; the root, which would be `..zone`, is not served.
  if (text.endsWith('.') || text.includes('\\') || text === '@') {
    return { fault: 'file name is not a zone name: no final dot, no escapes' };
  }
  const name = parseName(text, ROOT);
  return typeof name === 'string' ? fold(name) : { fault: `file name is not a zone name: ${name.fault}` };
}

/** Whether a file of the folder is meant to be a zone. */
export function isZoneFileName(name: string): boolean {
  return name.endsWith(zoneFileSuffix) && !name.startsWith('.');
}

/** Sorted, or what is wrong with the folder. */
function zoneFileNames(directory: string, mayBeMissing: boolean): string[] | string {
  try {
    return readdirSync(directory).filter(isZoneFileName).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && mayBeMissing) return [];
    if (code === 'ENOENT') return 'there is no such folder: zones are read from it';
    return code === 'ENOTDIR' ? 'this is not a folder: zones are read from one' : 'folder of the zones cannot be read';
  }
}

function refused(path: string, message: string): CheckedZone {
  return { zone: undefined, faults: [wholeFile(path, message)] };
}

function wholeFile(file: string, message: string): ZoneFault {
  return { file, line: 1, column: 1, message };
}
