// A registry on a store in a folder, as app.ts puts them together, with a clock moved by hand: open, change, end it in
// any way, open again.

import type { PersistedInstance } from '../../../src/model/persisted-instance.ts';
import { openPersistence, type Persistence, type PersistenceOptions } from '../../../src/store/persistence.ts';
import type { FakeClock } from '../process/clock.ts';
import { Harness } from '../registry/harness.ts';

export interface LoggedLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: object;
}

export interface KeptWorld {
  readonly harness: Harness;
  readonly kept: Persistence;
  readonly log: readonly LoggedLine[];
  readonly restored: number;
  /** `env/appid/instance=revision` of all that is registered, in order. */
  contents(): string[];
  /** A clean end. */
  close(): Promise<void>;
}

/** A folder's options: as in production, but events of the fake clock's year are kept. */
export function keptOptions(folder: string, options: Partial<PersistenceOptions> = {}): PersistenceOptions {
  return { folder, fsync: false, eventsKeepMs: 1e14, eventsMax: 1_000_000, zonesDigest: 'zones', ...options };
}

/** Opens or fails with the sentence that a person would get. */
export async function openWorld(
  folder: string,
  options: Partial<PersistenceOptions> = {},
  refusal: (saved: PersistedInstance) => string | undefined = () => undefined,
  stopping = new AbortController().signal,
): Promise<KeptWorld> {
  const log: LoggedLine[] = [];
  const add = (level: LoggedLine['level']) => (facts: object, message: string) =>
    void log.push({ level, message, facts });
  let harness: Harness | undefined;
  const clock = (): FakeClock | undefined => harness?.clock;
  const startMs = new Harness().clock.wallMs();
  const kept = await openPersistence(keptOptions(folder, options), {
    monotonicMs: () => performance.now(),
    wallMs: () => clock()?.wallMs() ?? startMs,
    stopping,
    logger: { info: add('info'), warn: add('warn'), error: add('error') },
  });
  if (kept === 'stopped') throw new Error('stopped while it was opened');
  if ('problem' in kept) throw new Error(kept.problem);
  const world = new Harness({
    initialRevision: kept.initialRevision,
    onHoldReleased: (key) => kept.holdReleased(key),
  });
  harness = world;
  const taken = await kept.restore((saved) => {
    const refused = refusal(saved);
    if (refused !== undefined) return { field: 'instance', message: refused };
    const change = world.registry.recover(saved);
    return 'message' in change ? change : undefined;
  });
  if (taken === 'damaged') {
    await kept.close(world.registry.revision);
    if (options.isSuspect === true) throw new Error('damaged, and damaged again');
    const again = await openWorld(folder, { ...options, isSuspect: true }, refusal, stopping);
    return { ...again, log: [...log, ...again.log] };
  }
  const restored = taken;
  world.registry.recoverHolds(await kept.holds());
  world.registry.onChange((change) => kept.changed(change));
  return {
    harness: world,
    kept,
    log,
    restored,
    contents: () =>
      [...world.registry.apps()].flatMap((app) =>
        [...app.instances()].map(
          ({ instance, revision }) => `${app.env}/${app.appid}/${instance.instance}=${revision}`,
        ),
      ),
    close: () => kept.close(world.registry.revision),
  };
}
