// Which file names which instance: an instance belongs to one file, the first that names it. What a second file says of
// it is refused, kept in mind, and done once the first file lets go, so that nothing depends on the order in which files
// are written. A file that is leaving holds nothing: renamed, it hands its instances over as they are.
// Limits: those of the files; a thousand registrations or so are done between two turns of the event loop.

import type { Actor } from '../../model/change.ts';
import { type InstanceKey, instanceKey } from '../../model/names.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Service } from './service-file.ts';

export interface NamedServicesDeps {
  readonly registry: Pick<Registry, 'register' | 'cancel' | 'find'>;
  /** As events show it: `services.d/pay.yaml`. */
  readonly pathOf: (file: string) => string;
  /** Instances that came from the file in an earlier life. */
  readonly restoredFrom: (file: string) => Iterable<InstanceKey>;
  /** Lets others have their turn. */
  readonly nextTurn: () => Promise<void>;
  /** An instance that was refused is registered after all. */
  readonly onTaken: (file: string, key: InstanceKey) => void;
}

/** Registering is answered by every listener there is: so many take some ten milliseconds. */
const atOnceMax = 100;

export class NamedServices {
  readonly #deps: NamedServicesDeps;
  /** By file; by the instance as the file names it. */
  readonly #named = new Map<string, Map<string, InstanceKey>>();
  readonly #refused = new Map<string, readonly Service[]>();

  constructor(deps: NamedServicesDeps) {
    this.#deps = deps;
  }

  /**
   * A file names these now, and what it named before no more. Resolves with what was refused, as `4:3: …`.
   * @param leaving files that are gone, and hold nothing any more
   */
  async say(file: string, services: readonly Service[], leaving: ReadonlySet<string>): Promise<readonly string[]> {
    const before = this.#named.get(file) ?? new Map([...this.#deps.restoredFrom(file)].map((key) => [idOf(key), key]));
    const holders = this.#holders((name) => name !== file && !leaving.has(name));
    const named = new Map<string, InstanceKey>();
    const refused: Service[] = [];
    const faults: string[] = [];
    for (const [index, service] of services.entries()) {
      if (index % atOnceMax === atOnceMax - 1) await this.#deps.nextTurn();
      const holder = named.has(idOf(service.key)) ? 'this file' : holders.get(idOf(service.key));
      const fault = this.#register(file, service, holder);
      if (fault === undefined) named.set(idOf(service.key), service.key);
      else {
        faults.push(fault);
        if (holder !== 'this file') refused.push(service);
      }
    }
    this.#keep(file, named, refused);
    for (const [id, key] of before) if (!named.has(id)) this.#leave(file, key);
    this.#tryAgain(file);
    return faults;
  }

  /** A file is gone, and all that it names with it. */
  withdraw(file: string): void {
    const named = this.#named.get(file)?.values() ?? this.#deps.restoredFrom(file);
    this.#keep(file, new Map(), []);
    for (const key of [...named]) this.#leave(file, key);
    this.#tryAgain(file);
  }

  /** What others refused to `because` may be free now. */
  #tryAgain(because: string): void {
    for (const [file, services] of [...this.#refused]) {
      if (file === because) continue;
      const named = this.#named.get(file) ?? new Map<string, InstanceKey>();
      const holders = this.#holders((name) => name !== file);
      const left = services.filter((service) => {
        const id = idOf(service.key);
        if (named.has(id) || this.#register(file, service, holders.get(id)) !== undefined) return true;
        named.set(id, service.key);
        this.#deps.onTaken(file, service.key);
        return false;
      });
      this.#keep(file, named, left);
    }
  }

  #register(file: string, { key, registration, at }: Service, holder: string | undefined): string | undefined {
    if (holder !== undefined) return `${at}: ${key.env}/${key.appid}/${key.instance} is in ${holder} already`;
    const outcome = this.#deps.registry.register(key, registration, { by: this.#by(file), file });
    return 'problem' in outcome ? `${at}: ${outcome.problem.field} ${outcome.problem.message}` : undefined;
  }

  /** Takes out what came from the file, unless somebody has registered it otherwise since. */
  #leave(file: string, key: InstanceKey): void {
    const { registry } = this.#deps;
    if (registry.find(key)?.instance.health?.file !== file) return;
    registry.cancel(key, { ...this.#by(file), reason: 'the service file names it no more' });
  }

  #keep(file: string, named: Map<string, InstanceKey>, refused: readonly Service[]): void {
    if (named.size > 0) this.#named.set(file, named);
    else this.#named.delete(file);
    if (refused.length > 0) this.#refused.set(file, refused);
    else this.#refused.delete(file);
  }

  #holders(counts: (file: string) => boolean): Map<string, string> {
    const holders = new Map<string, string>();
    for (const [file, named] of this.#named) if (counts(file)) for (const id of named.keys()) holders.set(id, file);
    return holders;
  }

  #by(file: string): Actor {
    return { kind: 'file', front: 'file', address: this.#deps.pathOf(file) };
  }
}

function idOf({ env, appid, instance }: InstanceKey): string {
  return JSON.stringify([env, appid, instanceKey(instance)]);
}
