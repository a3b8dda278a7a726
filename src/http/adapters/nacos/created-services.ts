// Services that were created by their name, and what was set for them. rollcall has no app without instances, so they are
// kept here: in memory, and while there is room. One with an instance is there by itself, whatever is kept.
// The original forgets a service a minute or two after its last instance has left, with all that was set for it; here it is
// kept until it is deleted, or the process ends.
// Limit: `servicesMax`; the one created first is forgotten.

import type { NacosService } from './service-name.ts';

const servicesMax = 1000;

export interface ServiceSettings {
  readonly protectThreshold: number;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Created extends ServiceSettings {
  readonly name: NacosService;
}

export class CreatedServices {
  readonly #services = new Map<string, Created>();

  set(name: NacosService, settings: ServiceSettings): void {
    this.#services.set(keyOf(name), { ...settings, name });
    const [first] = this.#services.keys();
    if (this.#services.size > servicesMax && first !== undefined) this.#services.delete(first);
  }

  get(name: NacosService): ServiceSettings | undefined {
    return this.#services.get(keyOf(name));
  }

  delete(name: NacosService): boolean {
    return this.#services.delete(keyOf(name));
  }

  /** Names of an env's services in a group, of those apps. */
  names(env: string, group: string, may: (appid: string) => boolean): readonly string[] {
    const found = [...this.#services.values()].filter(
      ({ name }) => name.env === env && name.group === group && may(name.appid),
    );
    return found.map(({ name }) => name.service);
  }
}

function keyOf({ env, grouped }: NacosService): string {
  return `${env}/${grouped}`;
}
