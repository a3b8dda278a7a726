// A service as Nacos's clients get it: in answers over HTTP, where its name has the group in front, over gRPC, where it has not,
// and in pushes. `lastRefTime` never goes back, since clients throw away what is older than what they have.

import { LRUCache } from 'lru-cache';
import type { Control } from '../../../control/control.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { CreatedServices, ServiceSettings } from './created-services.ts';
import { hostsOf, type ListedHosts } from './hosts.ts';
import type { NacosService } from './service-name.ts';

/** Clients over HTTP ask again after that time, whether or not they get pushes. */
export const cacheMs = 10_000;

export interface AskedList {
  /** Clusters with commas between; empty: all. Given back as it came, since clients keep their lists by it. */
  readonly clusters: string;
  readonly isHealthyOnly: boolean;
}

/** Texts of hosts that are kept for the next that asks: all clients of a service ask for the same. */
const keptCharactersMax = 16 * 1024 * 1024;

interface KeptHosts extends ListedHosts {
  readonly revision: number;
  readonly settings: ServiceSettings | undefined;
}

const none: ListedHosts = { text: '', isProtected: false };

export class ServiceInfos {
  readonly #view: Control['view'];
  readonly #clock: Clock;
  readonly #services: Pick<CreatedServices, 'get'>;
  readonly #kept = new LRUCache<string, KeptHosts>({
    maxSize: keptCharactersMax,
    sizeCalculation: ({ text }) => text.length + 200,
  });
  #lastRefMs = 0;

  constructor(view: Control['view'], clock: Clock, services: Pick<CreatedServices, 'get'>) {
    this.#view = view;
    this.#clock = clock;
    this.#services = services;
  }

  /** JSON text. */
  text(name: NacosService, asked: AskedList, form: 'http' | 'grpc'): string {
    const { text, isProtected } = this.#hosts(name, asked);
    const shownName = form === 'http' ? name.grouped : name.service;
    return (
      `{"name":${JSON.stringify(shownName)},"groupName":${JSON.stringify(name.group)},` +
      `"clusters":${JSON.stringify(asked.clusters)},"cacheMillis":${cacheMs},"hosts":[${text}],` +
      `"lastRefTime":${this.#refMs()},"checksum":"","allIPs":false,"reachProtectionThreshold":${isProtected},"valid":true}`
    );
  }

  #hosts(name: NacosService, { clusters, isHealthyOnly }: AskedList): ListedHosts {
    const app = this.#view.app(name.env, name.appid);
    if (app === undefined) return none;
    const key = `${name.env} ${name.grouped} ${isHealthyOnly} ${clusters}`;
    const settings = this.#services.get(name);
    const kept = this.#kept.get(key);
    if (kept?.revision === app.revision && kept.settings === settings) return kept;
    const wanted = clusters === '' ? undefined : new Set(clusters.split(',').map((one) => one.trim()));
    const isWanted = (cluster: string): boolean => wanted === undefined || wanted.has(cluster);
    const protectThreshold = settings?.protectThreshold;
    const hosts = hostsOf(app.instances(), name, { isHealthyOnly, isWanted, protectThreshold });
    this.#kept.set(key, { ...hosts, revision: app.revision, settings });
    return hosts;
  }

  #refMs(): number {
    this.#lastRefMs = Math.max(this.#lastRefMs, Math.trunc(this.#clock.wallMs()));
    return this.#lastRefMs;
  }
}
