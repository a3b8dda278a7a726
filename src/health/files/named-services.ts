// Which file names which instance: an instance belongs to one file, the first that names it. What a second file has for
// it is refused, remembered, and done once the first file lets go, so that nothing depends on the order in which files
// are written. A file that is leaving holds nothing: renamed, it hands its instances over as they are.
// A file is acted on where it differs from what was last applied, entry by entry, over restarts too (file-entries.ts): an
// instance that was drained, patched or cancelled since stays so until its entry in the file changes.
// Limits: those of the files; a thousand registrations or so are done between two turns of the event loop.

import { createHash } from 'node:crypto';
import type { Actor } from '../../model/change.ts';
import { type Instance, parseRegistration, type Registration, registrationToJson } from '../../model/instance.ts';
import type { InstanceRecord } from '../../model/instance-record.ts';
import { type InstanceKey, instanceKey } from '../../model/names.ts';
import { type Principal, unrestricted } from '../../model/principal.ts';
import type { Submit } from '../../model/submit.ts';
import type { Service } from './service-file.ts';

/** By instance, the digest of its entry in the file. */
export type FileEntries = ReadonlyMap<string, string>;

export interface NamedServicesDeps {
  readonly submit: Submit;
  readonly view: { find(key: InstanceKey): InstanceRecord | undefined };
  /** As events show it: `services.d/pay.yaml`. */
  readonly pathOf: (file: string) => string;
  /** Instances that came from the file in an earlier run. */
  readonly restoredFrom: (file: string) => Iterable<InstanceKey>;
  /** Lets other work have its turn. */
  readonly nextTurn: () => Promise<void>;
  /** Stores the entries of a file for the next run; empty: none any more. */
  readonly remember: (file: string, fileEntries: FileEntries) => void;
  /** An instance that was refused is registered after all. */
  readonly onTaken: (file: string, key: InstanceKey) => void;
}

/** So many are submitted together and settle together: some ten milliseconds of work. */
const atOnceMax = 100;

export class NamedServices {
  readonly #deps: NamedServicesDeps;
  /** By file; by the instance as the file names it. */
  readonly #named = new Map<string, Map<string, InstanceKey>>();
  readonly #refused = new Map<string, readonly Service[]>();
  #entries = new Map<string, FileEntries>();

  constructor(deps: NamedServicesDeps) {
    this.#deps = deps;
  }

  /** The entries applied in an earlier run; before anything else. Returns the files. */
  recall(fileEntries: ReadonlyMap<string, FileEntries>): Iterable<string> {
    this.#entries = new Map(fileEntries);
    return fileEntries.keys();
  }

  /**
   * A file names these now, and what it named before no more. Resolves with what was refused, as `4:3: …`.
   * @param leaving files that are gone, and hold nothing any more
   */
  async apply(file: string, services: readonly Service[], leaving: ReadonlySet<string>): Promise<readonly string[]> {
    const before = this.#named.get(file) ?? this.#restored(file);
    const holders = this.#holders((name) => name !== file && !leaving.has(name));
    const named = new Map<string, InstanceKey>();
    const fileEntries = new Map<string, string>();
    const refused: Service[] = [];
    const faults: string[] = [];
    for (let start = 0; start < services.length; start += atOnceMax) {
      if (start > 0) await this.#deps.nextTurn();
      const taken = new Set(named.keys());
      const results = services.slice(start, start + atOnceMax).map(async (service) => {
        const id = idOf(service.key);
        const holder = taken.has(id) ? 'this file' : holders.get(id);
        taken.add(id);
        return { service, id, holder, fault: await this.#register(file, service, holder) };
      });
      for (const { service, id, holder, fault } of await Promise.all(results)) {
        if (fault === undefined) {
          named.set(id, service.key);
          fileEntries.set(id, digestOf(service));
        } else {
          faults.push(fault);
          if (holder !== 'this file') refused.push(service);
        }
      }
    }
    this.#keep(file, named, refused);
    this.#remember(file, fileEntries);
    await this.#leaveAll(
      file,
      [...before].filter(([id]) => !named.has(id)).map(([, key]) => key),
    );
    await this.#tryAgain(file);
    return faults;
  }

  /** A file is gone, and all that it names with it. */
  async withdraw(file: string): Promise<void> {
    const named = (this.#named.get(file) ?? this.#restored(file)).values();
    this.#keep(file, new Map(), []);
    this.#remember(file, new Map());
    await this.#leaveAll(file, [...named]);
    await this.#tryAgain(file);
  }

  #restored(file: string): Map<string, InstanceKey> {
    return new Map([...this.#deps.restoredFrom(file)].map((key) => [idOf(key), key]));
  }

  /** What others refused to `because` may be free now. */
  async #tryAgain(because: string): Promise<void> {
    for (const [file, services] of [...this.#refused]) {
      if (file === because) continue;
      const named = this.#named.get(file) ?? new Map<string, InstanceKey>();
      const holders = this.#holders((name) => name !== file);
      const fileEntries = new Map(this.#entries.get(file));
      const left: Service[] = [];
      for (const service of services) {
        const id = idOf(service.key);
        if (named.has(id) || (await this.#register(file, service, holders.get(id))) !== undefined) left.push(service);
        else {
          named.set(id, service.key);
          fileEntries.set(id, digestOf(service));
          this.#deps.onTaken(file, service.key);
        }
      }
      this.#keep(file, named, left);
      if (left.length < services.length) this.#remember(file, fileEntries);
    }
  }

  async #register(file: string, service: Service, holder: string | undefined): Promise<string | undefined> {
    const { key, registration, at } = service;
    if (holder !== undefined) return `${at}: ${key.env}/${key.appid}/${key.instance} is in ${holder} already`;
    const as = this.#what(file, service);
    if (as === 'nothing') return undefined;
    const { submit, view } = this.#deps;
    const found = as === 'present' ? view.find(key) : undefined;
    const present = found && presentRegistration(found.instance);
    const override = found?.instance.override;
    const command = { kind: 'register' as const, key, registration: present ?? registration, file, override };
    const outcome = await submit(principalOf(file), this.#by(file), command);
    return 'problem' in outcome ? `${at}: ${outcome.problem.field} ${outcome.problem.message}` : undefined;
  }

  /** What there is to do: nothing, to take the instance over as it is at present, or to register it as it is written. */
  #what(file: string, service: Service): 'nothing' | 'present' | 'written' {
    const digest = digestOf(service);
    const id = idOf(service.key);
    const before = this.#entries.get(file)?.get(id);
    if (before !== undefined) return before === digest ? 'nothing' : 'written';
    const instance = this.#deps.view.find(service.key)?.instance;
    // Cancelled since a file that is gone had it in the same words: that file was renamed.
    if (instance === undefined) return this.#isNamedElsewhere(id, digest) ? 'nothing' : 'written';
    const other = instance.health?.file;
    if (other === undefined) return 'written';
    // Written before entries of files were stored: it is the same, unless the file was changed meanwhile.
    if (other === file) return isSameButStatus(instance, service.registration) ? 'nothing' : 'written';
    // From a file of another name.
    return this.#entries.get(other)?.get(id) === digest ? 'present' : 'written';
  }

  #isNamedElsewhere(id: string, digest: string): boolean {
    return [...this.#entries.values()].some((entries) => entries.get(id) === digest);
  }

  #remember(file: string, fileEntries: FileEntries): void {
    const before = this.#entries.get(file);
    const isSame =
      before?.size === fileEntries.size && [...fileEntries].every(([id, digest]) => before.get(id) === digest);
    if (isSame || (before === undefined && fileEntries.size === 0)) return;
    if (fileEntries.size > 0) this.#entries.set(file, fileEntries);
    else this.#entries.delete(file);
    this.#deps.remember(file, fileEntries);
  }

  async #leaveAll(file: string, keys: readonly InstanceKey[]): Promise<void> {
    for (let start = 0; start < keys.length; start += atOnceMax)
      await Promise.all(keys.slice(start, start + atOnceMax).map((key) => this.#leave(file, key)));
  }

  /** Takes out what came from the file, unless it has been registered otherwise since. */
  async #leave(file: string, key: InstanceKey): Promise<void> {
    const { submit, view } = this.#deps;
    if (view.find(key)?.instance.health?.file !== file) return;
    const actor = { ...this.#by(file), reason: 'the service file names it no more' };
    await submit(principalOf(file), actor, { kind: 'cancel', key });
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

function principalOf(file: string): Principal {
  return unrestricted('file', file);
}

function digestOf({ key, registration }: Service): string {
  const text = JSON.stringify([key.instance, registrationToJson(registration)]);
  return createHash('sha256').update(text).digest('base64url').slice(0, digestCharacters);
}

const digestCharacters = 16;

/** What would be registered to have it as it is. */
function presentRegistration(instance: Instance): Registration | undefined {
  // Every field is there.
  const read = parseRegistration(registrationToJson(instance), { leaseSeconds: 90, dnsTtl: 5 });
  return Array.isArray(read) ? undefined : read;
}

function isSameButStatus(instance: Instance, registration: Registration): boolean {
  const [a, b] = [registrationToJson(instance), registrationToJson(registration)];
  return JSON.stringify({ ...a, status: '' }) === JSON.stringify({ ...b, status: '' });
}

function idOf({ env, appid, instance }: InstanceKey): string {
  return JSON.stringify([env, appid, instanceKey(instance)]);
}
