// Hot reload: follows the files of the zones folder and what they include, and reports when a zone has changed. A zone
// is replaced whole or not at all: a file that is broken or half-written leaves the last good version in place, and
// that is reported once. Loading is sliced, a few zones at a time, each never twice at once.
// A deleted file keeps its zone for a grace, since a slip of the hand must not take names away at once; then, or when
// `releaseDeleted` is called, the zone is removed.
// Limits: loadsMax loads at a time. What the operating system does not report is found by looking at every file's
// stamp now and then, for a twentieth of the time at most.

import { lstatSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Name } from '../../message/name.ts';
import { claimedFault, isZoneFileName, type LoadedZone, loadZoneFile, zoneNameOf } from '../load.ts';
import { zoneOctetsMax } from '../parse.ts';
import { inSlices } from '../sliced.ts';
import { contentDigestOf, mayDiffer, unchanged, type ZoneSource, zonesDigestOf } from '../zone-source.ts';
import { FolderWatch } from './folder-watch.ts';
import { Settling, settlingTimes, type Touch } from './settling.ts';
import type { ZoneEvent } from './zone-event.ts';

export interface ZoneWatchTimes {
  readonly settling: typeof settlingTimes;
  /** The least time between two looks at all files. */
  readonly sweepMs: number;
  /** How long the zone of a deleted file is served on; 0: not at all. */
  readonly graceMs?: number;
}

/** A few zones need next to nothing to be looked at; see sweepShare for many. */
export const zoneWatchTimes: ZoneWatchTimes = { settling: settlingTimes, sweepMs: 2000 };
/** Between two looks at all files at least this many times what the last one took. */
const sweepShare = 20;
/** Time to see the warning and to put the file back. */
const defaultGraceMs = 300_000;
/** One huge zone does not keep the others waiting, and many do not fill the memory with their text. */
const loadsMax = 4;
/** Names of the folder that are looked at before it yields: a tenth of a millisecond. */
const namesPerSlice = 256;

interface ZoneFile {
  readonly path: string;
  readonly apex: Name | undefined;
  /** What was last read, good or not; empty: nothing yet. */
  sources: readonly ZoneSource[];
  /** What the zone that is served was made from; undefined: none is served. */
  served: string | undefined;
  state: 'good' | 'refused' | 'deleted';
  load: 'idle' | 'waiting' | 'running' | 'running, and again';
  /** Never good so far, and no other file has its zone: SERVFAIL may be served in its place. */
  isBroken: boolean;
  /** Ends the grace of a deleted file. */
  grace: NodeJS.Timeout | undefined;
}

export class ZoneWatch {
  readonly #directory: string;
  /** How absolute paths in the folder begin. */
  readonly #inside: string;
  readonly #onNews: (news: ZoneEvent) => void;
  readonly #times: ZoneWatchTimes;
  readonly #folders: FolderWatch;
  readonly #settling: Settling;
  readonly #files = new Map<string, ZoneFile>();
  /** Which zones a file is part of, by its absolute path. */
  readonly #dependents = new Map<string, Set<ZoneFile>>();
  /** The file whose zone is served. */
  readonly #holders = new Map<Name, ZoneFile>();
  readonly #waiting: ZoneFile[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #sweepTimer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #isSweepDue = false;
  #isGone = false;

  /** `loads`: what is served already, from the same `directory`. `onNews` is called in the order of events. */
  constructor(
    directory: string,
    loads: readonly LoadedZone[],
    onNews: (news: ZoneEvent) => void,
    times: ZoneWatchTimes = zoneWatchTimes,
  ) {
    this.#directory = directory;
    this.#inside = resolve(directory) + sep;
    this.#onNews = onNews;
    this.#times = times;
    this.#settling = new Settling((path) => this.#due(path), times.settling);
    this.#folders = new FolderWatch({
      onTouch: (path, touch) => this.#touched(path, touch),
      onFault: (path, reason) => onNews({ kind: 'unwatched', path, reason }),
    });
    for (const loaded of loads) {
      const file = this.#adopt(loaded.path);
      this.#follow(file, loaded.sources);
      const isClaimed = loaded.zone !== undefined && this.#holders.has(loaded.zone.apex);
      if (loaded.zone === undefined || isClaimed) {
        file.state = 'refused';
        file.isBroken = file.apex !== undefined && !isClaimed;
        const faults = isClaimed ? [claimedFault(file.path)] : loaded.faults;
        onNews({ kind: 'refused', path: file.path, faults, isServed: false });
        continue;
      }
      file.state = 'good';
      file.served = zonesDigestOf(loaded.sources);
      this.#holders.set(loaded.zone.apex, file);
    }
    this.#folders.add(resolve(directory));
    // A link to the folder may be changed to lead to another one.
    if (isLink(directory)) this.#folders.add(dirname(resolve(directory)));
    // Whatever changed between loading and now.
    this.#sweep();
  }

  /** Resolves when nothing is read any more; no news comes after the call. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#sweepTimer);
    for (const { grace } of this.#files.values()) clearTimeout(grace);
    this.#folders.close();
    this.#settling.close();
    await Promise.all([...this.#running, this.#sweeping]);
  }

  /** Takes the zones of all deleted files out now; returns how many. */
  releaseDeleted(): number {
    const deleted = [...this.#files.values()].filter(({ state }) => state === 'deleted');
    for (const file of deleted) this.#release(file);
    return deleted.length;
  }

  #touched(path: string, touch: Touch): void {
    const dependents = this.#dependents.get(path);
    if (dependents !== undefined) for (const file of dependents) this.#settling.touch(file.path, touch);
    else if (dirname(path) === resolve(this.#directory) && isZoneFileName(basename(path))) {
      this.#settling.touch(join(this.#directory, basename(path)), touch);
    } else void this.#sweepIfLink(path);
  }

  /** Files may be reached over a link to their folder, and move with it: Kubernetes changes all of a folder so. */
  async #sweepIfLink(path: string): Promise<void> {
    const status = await lstat(path).catch(() => undefined);
    if (status?.isSymbolicLink() === true) this.#sweep();
  }

  #due(path: string): void {
    const file = this.#files.get(path) ?? this.#adopt(path);
    if (file.load === 'idle') {
      file.load = 'waiting';
      this.#waiting.push(file);
      this.#startLoads();
    } else if (file.load === 'running') file.load = 'running, and again';
  }

  #startLoads(): void {
    while (this.#running.size < loadsMax && !this.#stop.signal.aborted) {
      const file = this.#waiting.shift();
      if (file === undefined) return;
      file.load = 'running';
      const running = this.#load(file).finally(() => {
        this.#running.delete(running);
        const again = file.load === 'running, and again';
        file.load = 'idle';
        if (again) this.#due(file.path);
        this.#startLoads();
      });
      this.#running.add(running);
    }
  }

  async #load(file: ZoneFile): Promise<void> {
    const { signal } = this.#stop;
    if (file.sources.length > 0) {
      const same = await unchanged(file.sources, this.#directory, zoneOctetsMax);
      if (same !== undefined) {
        file.sources = same;
        return;
      }
    }
    const loaded = await inSlices(loadZoneFile(file.path, this.#directory), signal);
    if (loaded === undefined || signal.aborted) return;
    if (loaded.isMoving) this.#settling.touch(file.path, 'written');
    else if (loaded.isMissing) this.#deleted(file, loaded);
    else this.#loaded(file, loaded);
  }

  #loaded(file: ZoneFile, loaded: LoadedZone): void {
    const before = file.state;
    // An invalid file name stays invalid whatever the content: there is nothing new to report.
    if (file.apex === undefined && before === 'refused') return;
    this.#follow(file, loaded.sources);
    const { zone } = loaded;
    const holder = zone && this.#holders.get(zone.apex);
    const isClaimed = holder !== undefined && holder !== file && holder.state !== 'deleted';
    if (zone === undefined || isClaimed) {
      file.state = 'refused';
      const faults = isClaimed ? [claimedFault(file.path)] : loaded.faults;
      const isServed = file.served !== undefined;
      const isHeld = file.apex !== undefined && this.#holders.has(file.apex);
      const apex = isServed || isClaimed || isHeld ? undefined : file.apex;
      file.isBroken = apex !== undefined;
      this.#onNews({ kind: 'refused', path: file.path, faults, isServed, apex });
      return;
    }
    const digest = zonesDigestOf(loaded.sources);
    file.state = 'good';
    file.isBroken = false;
    clearTimeout(file.grace);
    if (digest === file.served && holder === file) {
      if (before !== 'good') this.#onNews({ kind: 'mended', path: file.path });
      return;
    }
    file.served = digest;
    this.#holders.set(zone.apex, file);
    const text = contentDigestOf(loaded.sources);
    const isNew = holder === undefined;
    this.#onNews({ kind: 'loaded', path: file.path, zone, digest: text, isNew, isMended: before !== 'good' });
  }

  #deleted(file: ZoneFile, loaded: LoadedZone): void {
    this.#follow(file, loaded.sources);
    if (file.served === undefined) {
      this.#release(file);
      return;
    }
    if (file.state !== 'deleted') {
      this.#onNews({ kind: 'deleted', path: file.path });
      file.grace = setTimeout(() => this.#release(file), this.#times.graceMs ?? defaultGraceMs);
      file.grace.unref();
    }
    file.state = 'deleted';
    // Another file of the same zone, its name in other case, had to wait until now.
    for (const other of this.#files.values()) {
      if (other === file || other.apex !== file.apex) continue;
      this.#follow(other, []);
      this.#due(other.path);
    }
  }

  /** Forgets a file that is gone, and takes its zone out, unless another file has it by now. */
  #release(file: ZoneFile): void {
    const { path, apex } = file;
    clearTimeout(file.grace);
    this.#follow(file, []);
    this.#files.delete(path);
    if (apex === undefined) return;
    const holder = this.#holders.get(apex);
    const isServed = holder === file || (file.isBroken && holder === undefined);
    if (holder === file) this.#holders.delete(apex);
    if (isServed) this.#onNews({ kind: 'released', path, apex });
  }

  #adopt(path: string): ZoneFile {
    const apex = zoneNameOf(path);
    const file: ZoneFile = {
      path,
      apex: typeof apex === 'string' ? apex : undefined,
      sources: [],
      served: undefined,
      state: 'good',
      load: 'idle',
      isBroken: false,
      grace: undefined,
    };
    this.#files.set(path, file);
    return file;
  }

  /** Watches what a zone was made from, and nothing else for it. */
  #follow(file: ZoneFile, sources: readonly ZoneSource[]): void {
    for (const path of file.sources.flatMap(pathsOf)) {
      const dependents = this.#dependents.get(path);
      dependents?.delete(file);
      if (dependents?.size === 0) this.#dependents.delete(path);
    }
    file.sources = sources;
    for (const path of sources.flatMap(pathsOf)) {
      const dependents = this.#dependents.get(path) ?? new Set();
      this.#dependents.set(path, dependents.add(file));
    }
    for (const { absolutePath, realPath } of sources) {
      if (absolutePath.startsWith(this.#inside)) this.#folders.add(dirname(absolutePath));
      if (realPath !== undefined) this.#folders.add(dirname(realPath));
    }
  }

  /** Looks at all files now, whatever was reported, and again after a pause. */
  #sweep(): void {
    this.#isSweepDue = this.#sweeping !== undefined;
    if (this.#stop.signal.aborted || this.#isSweepDue) return;
    clearTimeout(this.#sweepTimer);
    const startMs = performance.now();
    this.#sweeping = this.#lookAtAll().finally(() => {
      this.#sweeping = undefined;
      if (this.#stop.signal.aborted) return;
      const pauseMs = Math.max(this.#times.sweepMs, sweepShare * (performance.now() - startMs));
      this.#sweepTimer = setTimeout(() => this.#sweep(), this.#isSweepDue ? 0 : pauseMs);
      this.#sweepTimer.unref();
    });
  }

  async #lookAtAll(): Promise<void> {
    await this.#folders.refresh();
    const names = await readdir(this.#directory).catch((error: Error) => error.message);
    if (this.#stop.signal.aborted) return;
    const wasGone = this.#isGone;
    this.#isGone = typeof names === 'string';
    if (typeof names === 'string') {
      // Reported once for the folder, not for each of its files.
      if (!wasGone) this.#onNews({ kind: 'unwatched', path: this.#directory, reason: names });
      return;
    }
    for (const [index, name] of names.entries()) {
      if (index % namesPerSlice === 0) await setImmediate();
      const path = join(this.#directory, name);
      if (isZoneFileName(name) && !this.#files.has(path)) this.#missed(path);
    }
    for (const file of this.#files.values()) {
      if (file.load === 'idle' && (await mayDiffer(file.sources))) this.#missed(file.path);
      if (this.#stop.signal.aborted) return;
    }
  }

  /** A change that was not reported, or is being seen to already. */
  #missed(path: string): void {
    if (!this.#stop.signal.aborted && !this.#settling.has(path)) this.#settling.touch(path, 'written');
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Where reports about a source may come from. */
function pathsOf({ absolutePath, realPath }: ZoneSource): string[] {
  return realPath === undefined || realPath === absolutePath ? [absolutePath] : [absolutePath, realPath];
}
