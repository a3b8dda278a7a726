// Health as app.ts sees it: the checks of all instances, and the files that name instances to check. It writes to the
// registry what these come to, and nothing else.

import type { Change } from '../registry/change.ts';
import type { Clock } from '../registry/clock.ts';
import type { RegistrationDefaults } from '../registry/instance.ts';
import { type InstanceKey, instanceKey } from '../registry/names.ts';
import type { Registry } from '../registry/registry.ts';
import { type CheckCounts, Checker } from './checker.ts';
import type { Service } from './files/service-file.ts';
import { ServiceFolder, type Tell } from './files/service-folder.ts';
import { prober } from './probe.ts';
import { locateWithin } from './targets.ts';

export interface HealthDeps {
  readonly registry: Pick<Registry, 'judge' | 'register' | 'cancel' | 'find'>;
  readonly clock: Clock;
  readonly defaults: RegistrationDefaults;
  readonly checksAtOnceMax: number;
  /** Networks that checks may go to though they are closed to them: see targets.ts. */
  readonly checkNetworks: readonly string[];
  /** Folder of service files. */
  readonly services: string;
  readonly tell: Tell;
}

export class Health {
  readonly #deps: HealthDeps;
  readonly #checker: Checker;
  readonly #folder: ServiceFolder;
  /** What the files name, by file; as they name it. */
  readonly #named = new Map<string, Map<string, InstanceKey>>();

  constructor(deps: HealthDeps) {
    const { registry, clock, checksAtOnceMax: runningMax, defaults, tell } = deps;
    this.#deps = deps;
    this.#checker = new Checker({
      clock,
      random: Math.random,
      probe: prober(locateWithin(deps.checkNetworks)),
      judge: (key, judgement) => {
        if (registry.judge(key, judgement) && judgement.verdict === 'critical')
          tell('warn', { ...placeOf(key), reason: judgement.reason }, 'an instance fails its check');
      },
      runningMax,
    });
    const say = (file: string, services: readonly Service[]): readonly string[] => this.#say(file, services);
    const withdraw = (file: string): void => void this.#say(file, []);
    this.#folder = new ServiceFolder(deps.services, { defaults, say, withdraw, tell });
  }

  get counts(): CheckCounts {
    return this.#checker;
  }

  /** A change listener; also for what is restored. */
  changed(change: Change): void {
    this.#checker.changed(change);
  }

  /** Once the registry is restored: reads the files, lets go of what came from a file that is gone, starts to check. */
  async start(): Promise<void> {
    const files = await this.#folder.start();
    for (const { health, ...key } of [...this.#checker.tracked()]) {
      if (health?.file !== undefined && !files.includes(health.file)) this.#leave(health.file, key);
    }
    this.#checker.start();
  }

  async close(): Promise<void> {
    this.#checker.close();
    await this.#folder.close();
  }

  /** A file names these now, and what it named before no more. Returns what was refused. */
  #say(file: string, services: readonly Service[]): string[] {
    const { registry } = this.#deps;
    const refused: string[] = [];
    const named = new Map<string, InstanceKey>();
    for (const { key, registration, at } of services) {
      const id = idOf(key);
      const other = [...this.#named].find(([name, keys]) => name !== file && keys.has(id));
      if (other !== undefined || named.has(id)) {
        const where = other === undefined ? 'this file' : other[0];
        refused.push(`${at}: ${key.env}/${key.appid}/${key.instance} is in ${where} already`);
        continue;
      }
      const outcome = registry.register(key, registration, { by: { address: this.#pathOf(file) }, file });
      if ('problem' in outcome) refused.push(`${at}: ${outcome.problem.field} ${outcome.problem.message}`);
      else named.set(id, key);
    }
    const before = this.#before(file);
    this.#named.set(file, named);
    for (const [id, key] of before) if (!named.has(id)) this.#leave(file, key);
    if (named.size === 0) this.#named.delete(file);
    return refused;
  }

  /** What a file named: in this life, or as it was restored. */
  #before(file: string): Map<string, InstanceKey> {
    const known = this.#named.get(file);
    if (known !== undefined) return known;
    const restored = [...this.#checker.tracked()].filter(({ health }) => health?.file === file);
    return new Map(restored.map((instance) => [idOf(instance), instance]));
  }

  /** Takes out what came from the file, unless somebody has registered it otherwise since. */
  #leave(file: string, key: InstanceKey): void {
    const { registry } = this.#deps;
    if (registry.find(key)?.instance.health?.file !== file) return;
    registry.cancel(key, { address: this.#pathOf(file), reason: 'the service file names it no more' });
  }

  #pathOf(file: string): string {
    return `${this.#deps.services}/${file}`;
  }
}

function placeOf({ env, appid, instance }: InstanceKey): InstanceKey {
  return { env, appid, instance };
}

function idOf({ env, appid, instance }: InstanceKey): string {
  return JSON.stringify([env, appid, instanceKey(instance)]);
}
