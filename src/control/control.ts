// All use cases together, as fronts get them: writes (commands, renewals), reads (apps, the view, the record of changes)
// and waits. A front decodes its protocol, calls these and encodes what comes of it.

import type { Recorder } from '../history/recorder.ts';
import type { AnswersHeld } from '../model/answers-held.ts';
import type { ClusterView } from '../model/cluster-status.ts';
import type { Instance } from '../model/instance.ts';
import type { InstanceKey } from '../model/names.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { AppLists } from './app-lists.ts';
import { type Availability, Commands } from './commands.ts';
import { type Committer, LocalCommitter } from './committer.ts';
import type { DecisionLog } from './decision-log.ts';
import { DrainWaits } from './drain-waits.ts';
import type { LongPolls } from './long-poll.ts';
import type { QueryLists } from './queries/query-lists.ts';
import { Quotas } from './quotas.ts';
import type { ChangeSource, ReadView } from './read-view.ts';
import { ChangeRecord } from './record.ts';
import { RefusedCalls } from './refused-calls.ts';
import { type AskElsewhere, Renewals } from './renewals.ts';
import { Transfer, type TransferDeps } from './transfer.ts';
import type { Visible } from './visible.ts';

export interface ControlDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: DecisionLog;
  readonly longPolls: LongPolls;
  /** As `longPolls`, for fronts that push to their clients: no call waits for these. */
  readonly pushes: LongPolls;
  /** The connection that keeps an instance has closed. */
  readonly disconnected: (key: InstanceKey) => void;
  readonly recorder: Recorder;
  /** The latest changes, for fronts whose clients fetch those alone. */
  readonly changes: ChangeSource;
  readonly availability: Availability;
  /** Settles once all changes so far are on the disk. */
  readonly durable: () => Promise<void>;
  readonly visible: Visible;
  /** Until when answers with an instance may be held: see drain-waits.ts. */
  readonly answersHeld: (instance: Instance) => Promise<AnswersHeld>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly cluster?: ClusterView | undefined;
  /** Of a cluster: see renewals.ts. */
  readonly elsewhere?: AskElsewhere;
  /** Undefined: it is not kept who asks for what. */
  readonly queries?: QueryLists | undefined;
  /** The registry's own by default. */
  readonly renewing?: Pick<Registry, 'renew'>;
  /** That of a single node by default. */
  readonly committer?: Committer;
  /** See transfer.ts; in memory alone by default. */
  readonly keepHold?: TransferDeps['keepHold'];
}

function inMemory(registry: Registry): TransferDeps['keepHold'] {
  return async (key, override) => {
    registry.recoverHolds([{ key, override }]);
    return undefined;
  };
}

export interface Control {
  readonly view: ReadView;
  readonly commands: Commands;
  readonly renewals: Renewals;
  readonly apps: AppLists;
  readonly record: ChangeRecord;
  readonly transfer: Transfer;
  readonly changes: ChangeSource;
  readonly refusedCalls: RefusedCalls;
  /** A subscriber of the changes. */
  readonly quotas: Quotas;
  readonly drainWaits: DrainWaits;
  readonly longPolls: LongPolls;
  readonly pushes: LongPolls;
  readonly disconnected: (key: InstanceKey) => void;
  readonly log: DecisionLog;
  readonly availability: Availability;
  readonly visible: Visible;
  /** Undefined: a node of its own. */
  readonly cluster: ClusterView | undefined;
  /** Undefined: it is not kept who asks for what. */
  readonly queries: QueryLists | undefined;
}

export function createControl(deps: ControlDeps): Control {
  const { registry, clock, log, longPolls, recorder, changes, availability, visible, answersHeld } = deps;
  const quotas = new Quotas((key) => registry.find(key));
  const refusedCalls = new RefusedCalls(log.logger, () => clock.wallMs());
  const committer = deps.committer ?? new LocalCommitter(registry);
  const commands = new Commands({ ...deps, committer, quotas, refusedCalls });
  return {
    view: registry,
    commands,
    renewals: new Renewals({
      registry: deps.renewing ?? registry,
      find: (key) => registry.find(key),
      elsewhere: deps.elsewhere,
      ...{ clock, log, refusedCalls },
    }),
    apps: new AppLists({ ...deps, view: registry }),
    record: new ChangeRecord({ registry, recorder, commands, log }),
    transfer: new Transfer({ registry, clock, commands, log, keepHold: deps.keepHold ?? inMemory(registry) }),
    drainWaits: new DrainWaits({
      view: registry,
      clock,
      longPolls,
      answersHeld,
      onRefused: () => log.count.refused('long-polls'),
    }),
    changes,
    refusedCalls,
    quotas,
    longPolls,
    pushes: deps.pushes,
    disconnected: deps.disconnected,
    log,
    availability,
    visible,
    cluster: deps.cluster,
    queries: deps.queries,
  };
}
