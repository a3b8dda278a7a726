// All that outlives the process, as one thing: the revision's mark and the database, opened together, and what is fileEntries
// in the log of both. Without a folder (`data: none`) nothing is kept and nothing is written.
// The serial of the zones with live names is the revision, so it stays where it was only if everything is as it was: a
// clean end, the same database, the same zone files. Otherwise this run begins one revision on.

import { createHash } from 'node:crypto';
import type { Recorder } from '../history/recorder.ts';
import type { Change } from '../model/change.ts';
import type { InstanceKey } from '../model/names.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Problem } from '../model/problem.ts';
import type { Override } from '../model/status.ts';
import type { OpenReport } from './calls.ts';
import type { DatabaseOptions } from './database.ts';
import { lifeTokenOf, newLifeToken } from './life-file.ts';
import { blockSize, type Mark, openMark, readMark } from './revision-file.ts';
import { openStore, type RefusedInstance, type Store, type StoreDeps } from './store.ts';
import type { StoredHold } from './supervision-rows.ts';

export interface PersistenceOptions extends DatabaseOptions {
  readonly folder: string | undefined;
  /** A digest of the zone files, which the serial covers too. */
  readonly zonesDigest: string;
}

export interface PersistenceDeps extends Pick<StoreDeps, 'takeWorker'> {
  monotonicMs(): number;
  wallMs(): number;
  /** Ends the opening and the restoring, which take seconds where there is much. */
  readonly stopping: AbortSignal;
  readonly logger: Log;
}

interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface Persistence {
  /** The identity of the life that revisions belong to: model/life.ts. */
  readonly life: string;
  /** Where counting starts. */
  readonly initialRevision: number;
  /** Undefined: the past is kept in memory alone. */
  readonly recorder: Recorder | undefined;
  /**
   * Hands over the instances that were there, before anything else changes. Returns how many were taken. `damaged`: they
   * are not what was written down, so nothing of it is to be used; all is to be closed, and opened again as a suspect.
   */
  restore(put: (saved: PersistedInstance) => Problem | undefined): Promise<number | 'damaged'>;
  /** The holds of operators that were there; to be called after `restore`. */
  holds(): Promise<readonly StoredHold[]>;
  /** The hold of an instance that is not registered is over. */
  holdReleased(key: InstanceKey): void;
  /** One begins; settles when it is on disk. */
  holdKept(key: InstanceKey, override: Override): Promise<void>;
  /** A change listener. */
  changed(change: Change): void;
  /** A revision that is no change of an instance; the zone files are others now. */
  touched(revision: number): void;
  /** Resolves when every change so far is on disk; rejects where that cannot be fileEntries. */
  durable(): Promise<void>;
  /** The entries of service files last applied, by file and instance. */
  readonly fileEntries: {
    load(): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
    save(file: string, fileEntries: ReadonlyMap<string, string>): void;
  };
  /** Why nothing can be written at present. */
  readonly trouble: string | undefined;
  readonly counts: Store['counts'];
  /** Everything onto the disk, and the folder free for another. */
  close(revision: number): Promise<void>;
}

/** Opens the folder; a problem is a sentence for a person. */
export async function openPersistence(
  options: PersistenceOptions,
  deps: PersistenceDeps,
): Promise<Persistence | { problem: string } | 'stopped'> {
  const { folder } = options;
  const seconds = Math.floor(deps.wallMs() / 1000);
  if (folder === undefined) return withoutData(seconds);
  const onFault = (message: string) => deps.logger.warn({}, message);
  const found = readMark(folder, onFault);
  if (found !== undefined && 'problem' in found) return found;
  const { zonesDigest, ...database } = options;
  const store = await openStore(
    { ...database, folder, revision: found?.revision ?? seconds, nowMs: deps.wallMs() },
    {
      takeWorker: deps.takeWorker,
      monotonicMs: () => deps.monotonicMs(),
      wallMs: () => deps.wallMs(),
      stopping: deps.stopping,
      onDamagedEvents: (events) =>
        deps.logger.error({ events }, 'events are damaged and were left out of an answer: the record has gaps'),
      onTrouble: (reason) => deps.logger.error({ reason }, troubleText),
      onHealed: (lastedMs, written) =>
        deps.logger.info({ lastedSeconds: Math.round(lastedMs / 100) / 10, written }, 'the store writes again'),
    },
  );
  if (store === 'stopped' || 'problem' in store) return store;
  const digest = createHash('sha256').update(zonesDigest).digest('base64url');
  const initial = initialOf(store.report, found, digest, seconds);
  logReport(store.report, deps.logger);
  const isNewLife = found === undefined || store.report.isNew;
  const life = lifeTokenOf(folder, isNewLife, onFault);
  return persistenceOf({
    store,
    folder,
    initialRevision: initial,
    life,
    zonesDigest: digest,
    onFault,
    logger: deps.logger,
  });
}

const troubleText =
  'cannot write to the disk: registrations, patches and cancels are refused until it can be written again; DNS, reads and renewals go on';

function initialOf(report: OpenReport, mark: Mark | undefined, zonesDigest: string, seconds: number): number {
  const { totals, isNew, damage, isUnfinished, brokenLog } = report;
  // What was seen and never written down may have had the numbers after the last one.
  const lost = Math.max(seconds, totals.revision + (isNew ? 0 : blockSize));
  const base = mark === undefined ? lost : Math.max(mark.revision, totals.revision);
  const isSound = !isNew && damage === undefined && !isUnfinished && brokenLog === undefined;
  const isSame = isSound && mark?.revision === totals.revision && mark.zonesDigest === zonesDigest;
  return isSame ? base : base + 1;
}

interface OpenData {
  readonly store: Store;
  readonly folder: string;
  readonly initialRevision: number;
  readonly life: string;
  readonly zonesDigest: string;
  readonly onFault: (message: string) => void;
  readonly logger: Log;
}

function persistenceOf({ store, folder, initialRevision, life, zonesDigest, onFault, logger }: OpenData): Persistence {
  const mark = openMark(folder, initialRevision, onFault);
  let served = zonesDigest;
  let isDamaged = false;
  return {
    life,
    initialRevision,
    recorder: store,
    async restore(put) {
      let restored = 0;
      const refused = await store.restore((saved) => {
        const problem = put(saved);
        if (problem === undefined) restored++;
        return problem;
      });
      if (typeof refused === 'string') {
        isDamaged = true;
        logger.warn({ why: refused }, 'the database is damaged: starting again, to save what is sound');
        return 'damaged';
      }
      logRefused(refused, logger);
      return restored;
    },
    holds: () => store.holds(),
    holdReleased: (key) => store.holdReleased(key),
    holdKept: (key, override) => store.holdKept(key, override),
    changed(change) {
      mark.passed(change.revision);
      store.changed(change);
    },
    touched(revision) {
      served = '';
      mark.passed(revision);
    },
    durable: () => store.durable(),
    fileEntries: {
      load: () => store.fileEntries(),
      save(file, fileEntries) {
        store.saveFileEntries(file, fileEntries).catch((error: Error) => {
          const text = 'cannot store the entries of a service file: the next start may apply it again';
          logger.warn({ file, reason: error.message }, text);
        });
      },
    },
    get trouble() {
      return store.trouble;
    },
    get counts() {
      return store.counts;
    },
    async close(revision) {
      const lost = await store.close(revision);
      if (lost > 0) logger.error({ changes: lost }, 'stopping with changes that could not be written to the disk');
      // A mark ahead means that this was no clean end.
      if (lost === 0 && !isDamaged) mark.close({ revision, zonesDigest: served });
    },
  };
}

function withoutData(initialRevision: number): Persistence {
  return {
    life: newLifeToken(),
    initialRevision,
    recorder: undefined,
    restore: async () => 0,
    holds: async () => [],
    holdReleased: () => {},
    holdKept: async () => {},
    changed: () => {},
    touched: () => {},
    durable: () => Promise.resolve(),
    fileEntries: { load: async () => new Map(), save: () => {} },
    trouble: undefined,
    counts: { written: 0, pending: 0, commits: 0, commitMs: 0 },
    close: async () => {},
  };
}

function logReport({ damage, isUnfinished, brokenLog, isNew, totals }: OpenReport, logger: Log): void {
  if (damage !== undefined) {
    const { lost } = damage;
    const loss = lost === undefined ? 'how many instances were lost is not known' : `${lost} instances were lost`;
    logger.error({ ...damage }, `the database is damaged: ${loss}, ${damage.instances} could be saved`);
  }
  if (brokenLog !== undefined) {
    const text = 'the log of the database is damaged: the changes after the damage were lost';
    logger.error({ keptAs: brokenLog, revision: totals.revision }, text);
  }
  if (isUnfinished) {
    const text = 'the log of the database ends within a commit: the last run could not finish it, or lost its end';
    logger.warn({ revision: totals.revision }, text);
  }
  if (isNew) logger.info({ revision: totals.revision }, 'made a new database');
}

/** One line each for the first; a whole env that a zone file has taken over is one fact. */
const refusedLinesMax = 20;

function logRefused(refused: readonly RefusedInstance[], logger: Log): void {
  for (const { env, appid, instance, problem } of refused.slice(0, refusedLinesMax)) {
    logger.warn({ env, appid, instance, problem }, 'cannot recover an instance of the last run');
  }
  const more = refused.length - refusedLinesMax;
  if (more > 0) logger.warn({ instances: more }, 'cannot recover further instances of the last run');
}
