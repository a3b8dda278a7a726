// A follower between a scripted registry and one in memory, with a clock moved by hand: states are set, and what it wrote,
// renewed and reported is read.

import { type FollowerEvent, RegistryFollower } from '../../../src/bridges/follower.ts';
import { endpointIn, markKey } from '../../../src/bridges/mirrored.ts';
import type { RegistrySource, SourceInstance, SourceListener, SourceState } from '../../../src/bridges/source.ts';
import type {
  MirrorTarget,
  MirrorWrite,
  MirrorWritten,
  Present,
  PresentInstances,
  TargetFault,
} from '../../../src/bridges/target.ts';
import { instanceKey } from '../../../src/model/names.ts';
import { untilAborted } from '../../../src/runtime/scheduler.ts';
import { FakeScheduler, turns } from '../client/client-scheduler.ts';

export const mark = 'consul old:8500';

export function listed(name: string, ip: string, more: object = {}): SourceInstance {
  const [appName = '', instance = ''] = name.split('/');
  return { appName, instance, registration: { addrs: [`http://${ip}:80`], ...more }, content: {} };
}

export class ScriptedSource implements RegistrySource {
  readonly kind = 'consul';
  #listener: SourceListener | undefined;

  async follow(listener: SourceListener, signal: AbortSignal): Promise<void> {
    this.#listener = listener;
    await untilAborted(signal);
  }

  has(...instances: readonly SourceInstance[]): void {
    this.#listener?.onState({ instances, unmapped: [] } satisfies SourceState);
  }

  isAway(why: string): void {
    this.#listener?.onOutage(why);
  }
}

export class MemoryTarget implements MirrorTarget {
  readonly apps = new Map<string, Map<string, Present>>();
  readonly renewed: string[] = [];
  /** Why every call fails. */
  fault: TargetFault | undefined;
  refusal: string | undefined;
  calls = 0;
  #revision = 1;
  #onChange = (): void => {};

  async follow(onChange: () => void, _onFault: (why: string) => void, signal: AbortSignal): Promise<void> {
    this.#onChange = onChange;
    onChange();
    await untilAborted(signal);
  }

  present(): PresentInstances {
    return this.apps;
  }

  async register(writes: readonly MirrorWrite[]): Promise<readonly MirrorWritten[] | TargetFault> {
    this.calls++;
    if (this.fault !== undefined) return this.fault;
    return writes.map(({ wanted, before }) => {
      const { key, json, front, appName, content } = wanted;
      if (this.refusal !== undefined) return { key, outcome: 'refused', why: this.refusal };
      if (this.apps.get(key.appid)?.get(instanceKey(key.instance))?.revision !== before?.revision)
        return { key, outcome: 'refused', why: 'is newer here' };
      this.put(`${key.appid}/${key.instance}`, json, { [front]: { appName, content } });
      return { key, outcome: 'written' };
    });
  }

  async cancel({ key, revision }: Present): Promise<'cancelled' | 'not-ours' | TargetFault> {
    if (this.fault !== undefined) return this.fault;
    const app = this.apps.get(key.appid);
    if (app?.get(instanceKey(key.instance))?.revision !== revision) return 'not-ours';
    app.delete(instanceKey(key.instance));
    this.#onChange();
    return 'cancelled';
  }

  async renew(keys: readonly Present['key'][]): Promise<TargetFault | undefined> {
    this.renewed.push(...keys.map(({ appid, instance }) => `${appid}/${instance}`));
    return this.fault;
  }

  /** As a client does, or an operator. */
  put(name: string, json: Readonly<Record<string, unknown>>, fronts: Present['fronts'] = {}): void {
    const [appid = '', instance = ''] = name.split('/');
    const metadata = (json['metadata'] ?? {}) as Readonly<Record<string, string>>;
    const app = this.apps.get(appid) ?? new Map<string, Present>();
    app.set(instanceKey(instance), {
      key: { env: 'prod', appid, instance },
      json,
      fronts,
      mark: metadata[markKey],
      endpoints: (json['addrs'] as readonly string[]).map(endpointIn),
      revision: this.#revision++,
      updatedAtMs: 0,
      dirtyAtMs: 0,
    });
    this.apps.set(appid, app);
    this.#onChange();
  }

  names(): string[] {
    return [...this.apps]
      .flatMap(([appid, app]) => [...app.values()].map(({ key }) => `${appid}/${key.instance}`))
      .toSorted();
  }
}

export function mirrorWorld() {
  const scheduler = new FakeScheduler();
  const [source, target] = [new ScriptedSource(), new MemoryTarget()];
  const events: FollowerEvent[] = [];
  const onEvent = (event: FollowerEvent): void => void events.push(event);
  const options = { source, target, env: 'prod', mark, doubtMs: 60_000, scheduler, random: () => 0.5, onEvent };
  const follower = new RegistryFollower(options);
  const stop = new AbortController();
  const kinds = (): string[] => events.map(({ kind }) => kind);
  const run = async (): Promise<() => Promise<void>> => {
    const running = follower.run(stop.signal);
    await turns();
    return async () => {
      stop.abort();
      await running;
    };
  };
  return { scheduler, source, target, follower, events, kinds, run, stop };
}
