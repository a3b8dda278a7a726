// Health as app.ts sees it: the checks of all instances, and the files that name instances to check. What these come to
// it submits as commands, and nothing else.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Change } from '../model/change.ts';
import type { CheckCounts } from '../model/check-counts.ts';
import type { RegistrationDefaults } from '../model/instance.ts';
import type { InstanceKey } from '../model/names.ts';
import type { OtherFiles } from '../model/other-files.ts';
import { unrestricted } from '../model/principal.ts';
import type { Submit } from '../model/submit.ts';
import type { Clock } from '../runtime/clock.ts';
import { Checker } from './checker.ts';
import { type FileEntries, NamedServices, type NamedServicesDeps } from './files/named-services.ts';
import { ServiceFolder, type WriteLog } from './files/service-folder.ts';
import { prober } from './probe.ts';
import { locateWithin } from './targets.ts';

export interface HealthDeps {
  readonly submit: Submit;
  readonly view: NamedServicesDeps['view'];
  readonly clock: Clock;
  readonly defaults: RegistrationDefaults;
  readonly checksAtOnceMax: number;
  /** Networks that checks may go to though they are closed to them: see targets.ts. */
  readonly checkNetworks: readonly string[];
  /** Folder of service files. */
  readonly services: string;
  readonly log: WriteLog;
  /** Of the other nodes of a cluster; undefined: there is none. */
  readonly otherFiles?: OtherFiles | undefined;
  /** The entries of service files, over restarts. */
  readonly fileEntries: {
    load(): Promise<ReadonlyMap<string, FileEntries>>;
    /** Returns at once; done when the changes made so far are on disk. */
    save(file: string, fileEntries: FileEntries): void;
  };
}

const checks = unrestricted('system', 'checks');
const fromChecks = { kind: 'system', front: 'checks', address: '' } as const;

export class HealthChecks {
  readonly #deps: HealthDeps;
  readonly #checker: Checker;
  readonly #folder: ServiceFolder;
  readonly #named: NamedServices;

  constructor(deps: HealthDeps) {
    const { submit, view, clock, checksAtOnceMax: runningMax, defaults, log } = deps;
    this.#deps = deps;
    this.#checker = new Checker({
      clock,
      random: Math.random,
      probe: prober(locateWithin(deps.checkNetworks)),
      judge: async (key, judgement) => {
        const { kind } = await submit(checks, fromChecks, { kind: 'judge', key: keyFields(key), ...judgement });
        if (kind === 'judged' && judgement.verdict === 'critical')
          log('warn', { ...keyFields(key), reason: judgement.reason }, 'an instance fails its check');
      },
      runningMax,
    });
    this.#named = new NamedServices({
      submit,
      view,
      nextTurn: () => nextTurn(),
      pathOf: (file) => this.#pathOf(file),
      restoredFrom: (file) => [...this.#checker.tracked()].filter(({ health }) => health?.file === file),
      remember: (file, fileEntries) => deps.fileEntries.save(file, fileEntries),
      others: deps.otherFiles,
      onLeft: (file, key, node) =>
        log(
          'info',
          { file: this.#pathOf(file), ...keyFields(key), node },
          'the service file names it no more, and that of another node does: it stays',
        ),
      onTaken: (file, key) =>
        log('info', { file: this.#pathOf(file), ...keyFields(key) }, 'takes from a service file what another one had'),
    });
    deps.otherFiles?.onTaken((keys) => void this.#named.taken(keys));
    deps.otherFiles?.onOthers(() => void this.#named.othersChanged());
    this.#folder = new ServiceFolder(deps.services, {
      defaults,
      apply: (file, services, leaving) => this.#named.apply(file, services, leaving),
      withdraw: (file) => this.#named.withdraw(file),
      log,
    });
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
    const origins = new Set([...this.#checker.tracked()].flatMap(({ health }) => health?.file ?? []));
    for (const file of this.#named.recall(await this.#deps.fileEntries.load())) origins.add(file);
    this.#folder.expect(origins);
    const files = await this.#folder.start();
    for (const file of origins) if (files?.includes(file) === false) await this.#named.withdraw(file);
    this.#checker.start();
  }

  async close(): Promise<void> {
    this.#checker.close();
    await this.#folder.close();
  }

  #pathOf(file: string): string {
    return `${this.#deps.services}/${file}`;
  }
}

function keyFields({ env, appid, instance }: InstanceKey): InstanceKey {
  return { env, appid, instance };
}
