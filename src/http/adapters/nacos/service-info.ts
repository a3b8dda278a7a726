// A service as Nacos's clients get it: in answers over HTTP, where its name has the group in front, over gRPC, where it has not,
// and in pushes. `lastRefTime` never goes back, since clients throw away what is older than what they have.

import { LRUCache } from 'lru-cache';
import type { Control } from '../../../control/control.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { hostText, type NacosHost } from './hosts.ts';
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

interface Hosts {
  readonly revision: number;
  readonly text: string;
}

export class ServiceInfos {
  readonly #view: Control['view'];
  readonly #clock: Clock;
  readonly #hosts = new LRUCache<string, Hosts>({
    maxSize: keptCharactersMax,
    sizeCalculation: ({ text }) => text.length + 200,
  });
  #lastRefMs = 0;

  constructor(view: Control['view'], clock: Clock) {
    this.#view = view;
    this.#clock = clock;
  }

  /** JSON text. */
  text(name: NacosService, asked: AskedList, form: 'http' | 'grpc'): string {
    const shownName = form === 'http' ? name.grouped : name.service;
    return (
      `{"name":${JSON.stringify(shownName)},"groupName":${JSON.stringify(name.group)},` +
      `"clusters":${JSON.stringify(asked.clusters)},"cacheMillis":${cacheMs},"hosts":[${this.#hostsText(name, asked)}],` +
      `"lastRefTime":${this.#refMs()},"checksum":"","allIPs":false,"reachProtectionThreshold":false,"valid":true}`
    );
  }

  #hostsText(name: NacosService, { clusters, isHealthyOnly }: AskedList): string {
    const { env, appid, grouped } = name;
    const app = this.#view.app(env, appid);
    if (app === undefined) return '';
    const key = `${env} ${grouped} ${isHealthyOnly} ${clusters}`;
    const kept = this.#hosts.get(key);
    if (kept?.revision === app.revision) return kept.text;
    const wanted = clusters === '' ? undefined : new Set(clusters.split(',').map((one) => one.trim()));
    const isWanted = ({ cluster, isHealthy }: NacosHost): boolean =>
      (isHealthy || !isHealthyOnly) && (wanted === undefined || wanted.has(cluster));
    const hosts = [...app.instances()].flatMap((stored) => hostText(stored, name, isWanted) ?? []);
    const text = hosts.join();
    this.#hosts.set(key, { revision: app.revision, text });
    return text;
  }

  #refMs(): number {
    this.#lastRefMs = Math.max(this.#lastRefMs, Math.trunc(this.#clock.wallMs()));
    return this.#lastRefMs;
  }
}
