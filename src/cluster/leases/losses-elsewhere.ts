// What the other nodes run and miss, by their hellos, for this node's guard: an app or the registry is judged as a
// whole, however its instances are spread over the nodes. A hello older than `helloMaxAgeMs` counts no more.
// Limits: an app's instances are counted once a second at most.

import type { Losses, OthersShare } from '../../model/losses.ts';
import type { AppKey } from '../../model/names.ts';
import type { NodesTable } from '../nodes/nodes-table.ts';
import type { RegistryPort } from '../registry-port.ts';

const helloMaxAgeMs = 30_000;
const countedMs = 1000;

export interface LossesElsewhereDeps {
  readonly me: string;
  readonly table: NodesTable;
  readonly registry: Pick<RegistryPort, 'remoteServing'>;
  readonly nowMs: () => number;
}

export class LossesElsewhere {
  readonly #deps: LossesElsewhereDeps;
  readonly #serving = new Map<string, number>();
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: LossesElsewhereDeps) {
    this.#deps = deps;
  }

  of(app: AppKey | undefined): OthersShare {
    const { me, table, nowMs } = this.#deps;
    const now = nowMs();
    const recent = [...table.all()].filter(({ node, provenMs }) => node !== me && now - provenMs < helloMaxAgeMs);
    const losses = recent.reduce((sum, { losses: one }) => sum + lossesIn(one, app), 0);
    const serving = app === undefined ? recent.reduce((sum, { owned }) => sum + owned, 0) : this.#servingOf(app, now);
    return { serving, losses };
  }

  #servingOf(app: AppKey, nowMs: number): number {
    if (nowMs - this.#countedMs > countedMs) {
      this.#serving.clear();
      this.#countedMs = nowMs;
    }
    const key = `${app.env} ${app.appid}`;
    const serving = this.#serving.get(key) ?? this.#deps.registry.remoteServing(app);
    this.#serving.set(key, serving);
    return serving;
  }
}

function lossesIn(losses: Losses | undefined, app: AppKey | undefined): number {
  if (losses === undefined) return 0;
  if (app === undefined) return losses.registry;
  return losses.apps.find(({ env, appid }) => env === app.env && appid === app.appid)?.losses ?? 0;
}
