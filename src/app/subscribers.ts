// The subscribers of every change of the registry, in one table, in this order, before the write is answered: what each does with a
// change as it happens (live), and with an instance that is taken back from the disk at the start (recovered). Cached DNS
// answers need no subscriber: they carry the revisions that they were made from.
// Subscribers must not write to the registry, must not throw and must not wait.

import type { Change } from '../model/change.ts';

export interface Subscriber {
  readonly name: string;
  readonly live: (change: Change) => void;
  /** Undefined: a recovered instance is nothing new to it. */
  readonly recovered: ((change: Change) => void) | undefined;
}

/** What the subscribers do, by part. */
interface Parts {
  readonly persistence: { changed(change: Change): void };
  readonly changeLog: { append(change: Change): void };
  readonly plane: { apply(change: Change): void };
  readonly leaseTimer: { arm(): void };
  readonly longPolls: { notify(change: Change): void };
  readonly pushes: { notify(change: Change): void };
  readonly watchers: { changed(change: Change): void };
  readonly quotas: { changed(change: Change): void };
  readonly metrics: { changed(change: Change): void };
  readonly health: { changed(change: Change): void };
  readonly evictionLog: (change: Change) => void;
  /** Undefined: no names of Consul's are served. */
  readonly consulNodes: { changed(change: Change): void } | undefined;
  /** Undefined: there is no cluster. */
  readonly mirror: ((change: Change) => void) | undefined;
}

export function subscribers(parts: Parts): readonly Subscriber[] {
  const {
    persistence,
    changeLog,
    plane,
    leaseTimer,
    longPolls,
    pushes,
    watchers,
    quotas,
    metrics,
    health,
    evictionLog,
    consulNodes,
    mirror,
  } = parts;
  const dns = (change: Change) => plane.apply(change);
  const nodes = consulNodes && ((change: Change) => consulNodes.changed(change));
  const owners = (change: Change) => quotas.changed(change);
  const counts = (change: Change) => metrics.changed(change);
  const checks = (change: Change) => health.changed(change);
  return [
    { name: 'persistence', live: (change) => persistence.changed(change), recovered: undefined },
    { name: 'change log', live: (change) => changeLog.append(change), recovered: undefined },
    { name: 'dns', live: dns, recovered: dns },
    ...(nodes === undefined ? [] : [{ name: 'consul nodes', live: nodes, recovered: nodes }]),
    // Armed once all are back.
    { name: 'lease timer', live: () => leaseTimer.arm(), recovered: undefined },
    { name: 'long polls', live: (change) => longPolls.notify(change), recovered: undefined },
    { name: 'pushes', live: (change) => pushes.notify(change), recovered: undefined },
    { name: 'watchers', live: (change) => watchers.changed(change), recovered: undefined },
    { name: 'quotas', live: owners, recovered: owners },
    { name: 'metrics', live: counts, recovered: counts },
    { name: 'health', live: checks, recovered: checks },
    { name: 'eviction log', live: evictionLog, recovered: undefined },
    ...(mirror === undefined ? [] : [{ name: 'mirror', live: mirror, recovered: undefined }]),
  ];
}

/** Runs each subscriber's recovery step for a recovered instance, in the order of the table. */
export function recoveredBy(table: readonly Subscriber[]): (change: Change) => void {
  const interested = table.flatMap(({ recovered }) => (recovered === undefined ? [] : [recovered]));
  return (change) => {
    for (const recovered of interested) recovered(change);
  };
}
