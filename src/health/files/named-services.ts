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
import type { OtherFiles } from '../../model/other-files.ts';
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
  /** Files of the other nodes of a cluster. */
  readonly others?: OtherFiles | undefined;
  /** It left this file, and stays because that of another node names it. */
  readonly onLeft: (file: string, key: InstanceKey, node: string) => void;
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
  /** Those that left a file here, and stay because another node's has them. */
  readonly #staying = new Map<string, { readonly file: string; readonly key: InstanceKey }>();
  /** By file, its services as they are written, where files of other nodes matter. */
  readonly #written = new Map<string, readonly Service[]>();

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
    this.#reportToOthers(file, services);
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
    this.#reportToOthers(file, []);
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
    const { submit, view, others } = this.#deps;
    const isOfFile = view.find(key)?.instance.health?.file !== undefined;
    const runner = isOfFile ? others?.runnerOf(key) : undefined;
    if (runner !== undefined) return this.#asRunElsewhere(service, runner);
    const as = this.#what(file, service);
    if (as === 'nothing') return undefined;
    const found = as === 'present' ? view.find(key) : undefined;
    const present = found && presentRegistration(found.instance);
    const override = found?.instance.override;
    const command = { kind: 'register' as const, key, registration: present ?? registration, file, override };
    const outcome = await submit(principalOf(file), this.#by(file), command);
    return 'problem' in outcome ? `${at}: ${outcome.problem.field} ${outcome.problem.message}` : undefined;
  }

  /** Node `runner` runs it, and its file has the word. */
  #asRunElsewhere({ key, registration, at }: Service, runner: string): string | undefined {
    const found = this.#deps.view.find(key)?.instance;
    if (found === undefined || isSameButStatus(found, registration)) return undefined;
    return `${at}: ${key.env}/${key.appid}/${key.instance} is run by node ${runner}, whose file has another entry: not applied`;
  }

  /** This node runs them from now on, as its own files have them. */
  async taken(keys: readonly InstanceKey[]): Promise<void> {
    const ids = new Set(keys.map(idOf));
    for (const [file, services] of this.#written)
      for (const { key, registration } of services) {
        const found = ids.has(idOf(key)) ? this.#deps.view.find(key)?.instance : undefined;
        if (found === undefined || isSameButStatus(found, registration)) continue;
        const command = { kind: 'register' as const, key, registration, file, override: found.override };
        await this.#deps.submit(principalOf(file), this.#by(file), command);
      }
  }

  /** What stayed for the sake of another node's file may have no file any more. */
  async othersChanged(): Promise<void> {
    for (const [id, { file, key }] of [...this.#staying]) {
      if ([...this.#named.values()].some((named) => named.has(id))) this.#staying.delete(id);
      else if (this.#deps.others?.holderOf(key) === undefined) await this.#leave(file, key);
    }
  }

  #reportToOthers(file: string, services: readonly Service[]): void {
    const { others } = this.#deps;
    if (others === undefined) return;
    if (services.length > 0) this.#written.set(file, services);
    else this.#written.delete(file);
    const all = [...this.#written.values()].flat();
    others.named(all.map((service) => ({ key: service.key, digest: digestOf(service) })));
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
    const holder = this.#deps.others?.holderOf(key);
    if (holder !== undefined) {
      if (!this.#staying.has(idOf(key))) this.#deps.onLeft(file, key, holder);
      this.#staying.set(idOf(key), { file, key });
      return;
    }
    this.#staying.delete(idOf(key));
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
