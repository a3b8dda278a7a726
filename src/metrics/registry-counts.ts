// What the registry holds, followed through its change stream: the number of instances by status is kept and not
// counted, so a scrape of a hundred thousand instances costs what a scrape of one costs.

import type { Change } from '../model/change.ts';
import { Status } from '../model/status.ts';

export class RegistryCounts {
  readonly instances = new Map<Status, number>(Status.map((status) => [status, 0]));
  readonly changes = new Map<Change['kind'], number>([
    ['registered', 0],
    ['updated', 0],
    ['cancelled', 0],
    ['evicted', 0],
  ]);

  /** A change listener. */
  changed(change: Change): void {
    // What was restored has changed nothing.
    if (change.cause.why !== 'restored') this.changes.set(change.kind, (this.changes.get(change.kind) ?? 0) + 1);
    if (change.before !== undefined) this.#add(change.before.status, -1);
    if (change.after !== undefined) this.#add(change.after.status, 1);
  }

  #add(status: Status, difference: number): void {
    this.instances.set(status, (this.instances.get(status) ?? 0) + difference);
  }
}
