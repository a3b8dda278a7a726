// All of the env as Eureka's `applications`, made once a revision and kept as text in both forms, since every client of a
// fleet asks for the same: what was registered is in the next answer, while times of renewals may be as old as the last
// change. `apps__hashcode` counts all instances by status, in the order of the statuses' names.
// Limits: one revision is kept.

import type { ReadView } from '../../../control/read-view.ts';
import type { AppRecords } from '../../../model/app-records.ts';
import { type InstanceInfo, instanceInfo } from './instance-info.ts';
import { appNameOf } from './part.ts';
import { xmlText } from './xml-writer.ts';

export type Form = 'json' | 'xml';

export interface Application {
  readonly name: string;
  readonly instance: readonly InstanceInfo[];
}

interface Built {
  readonly revision: number;
  readonly apps: readonly Application[];
  readonly hashcode: string;
  readonly texts: Partial<Record<Form, string>>;
}

type View = Pick<ReadView, 'revision' | 'apps'>;

export class Applications {
  readonly #view: View;
  readonly #env: string;
  #built: Built | undefined;

  constructor(view: View, env: string) {
    this.#view = view;
    this.#env = env;
  }

  get hashcode(): string {
    return this.#current().hashcode;
  }

  /** The answer to a fetch of everything. */
  text(form: Form): string {
    const { texts, apps, hashcode } = this.#current();
    texts[form] ??= applicationsText(form, '1', hashcode, apps);
    return texts[form];
  }

  /** The answer to a fetch by vip: instances that name it among theirs, which a comma separates. */
  byVip(form: Form, field: 'vipAddress' | 'secureVipAddress', vip: string): string {
    const isIt = (info: InstanceInfo): boolean => info[field]?.split(',').includes(vip) === true;
    const apps = this.#current()
      .apps.map(({ name, instance }) => ({ name, instance: instance.filter(isIt) }))
      .filter(({ instance }) => instance.length > 0);
    return applicationsText(form, '-1', hashcodeOf(apps.flatMap(({ instance }) => instance)), apps);
  }

  #current(): Built {
    const { revision } = this.#view;
    if (this.#built?.revision !== revision) {
      const apps = [...this.#view.apps(this.#env)].map(application);
      this.#built = { revision, apps, hashcode: hashcodeOf(apps.flatMap(({ instance }) => instance)), texts: {} };
    }
    return this.#built;
  }
}

export function application(app: AppRecords): Application {
  const records = [...app.instances()];
  const [first] = records;
  const name = first === undefined ? app.appid.toUpperCase() : appNameOf(first.instance);
  return { name, instance: records.map((stored) => instanceInfo(stored)) };
}

export function applicationsText(form: Form, version: string, hashcode: string, apps: readonly Application[]): string {
  return formatted(form, 'applications', { versions__delta: version, apps__hashcode: hashcode, application: apps });
}

export function formatted(form: Form, name: string, value: object): string {
  return form === 'json' ? JSON.stringify({ [name]: value }) : xmlText(name, value);
}

function hashcodeOf(infos: readonly InstanceInfo[]): string {
  const counts = new Map<string, number>();
  for (const { status } of infos) counts.set(status, (counts.get(status) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([status, count]) => `${status}_${count}_`).join('');
}
