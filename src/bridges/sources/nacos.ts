// A live Nacos: its v1 HTTP API is read in turns, the names of services and then the instances of each; there is no call that
// waits for a change. With a user it logs in, and again before the token ends. Instances that are disabled are in no list of
// Nacos's, so they are not here either.
// Limits: `servicesMax` services; `atOnce` requests at a time.

import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';
import {
  fieldsOf,
  jsonOf,
  listOf,
  type RegistrySource,
  type SourceFault,
  type SourceHttp,
  type SourceInstance,
  type SourceListener,
  type SourceState,
  textOf,
} from '../source.ts';
import { nacosInstance } from './nacos-host.ts';

export interface NacosOptions {
  readonly http: SourceHttp;
  /** `user:password`; undefined: none. */
  readonly credentials: string | undefined;
  /** An id; empty: `public`. */
  readonly namespace: string;
  readonly groups: readonly string[];
  readonly pollMs: number;
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

const pageSize = 500;
const servicesMax = 5000;
const atOnce = 8;
const backoff: BackoffLimits = { firstMs: 1000, longestMs: 30_000 };
const separator = '@@';

interface Named {
  readonly group: string;
  readonly service: string;
}

export class NacosSource implements RegistrySource {
  readonly kind = 'nacos';
  readonly #options: NacosOptions;
  #login: { readonly token: string; readonly againAtMs: number } | undefined;

  constructor(options: NacosOptions) {
    this.#options = options;
  }

  async follow({ onState, onOutage }: SourceListener, signal: AbortSignal): Promise<void> {
    const { pollMs, scheduler, random } = this.#options;
    for (let failures = 0; !signal.aborted; ) {
      const read = await this.#all(signal);
      if (signal.aborted) return;
      failures = 'fault' in read ? failures + 1 : 0;
      if ('fault' in read) {
        this.#login = undefined;
        onOutage(read.fault);
      } else onState(read);
      await pause(scheduler, failures === 0 ? pollMs : Math.max(pollMs, backoffMs(failures, backoff, random)), signal);
    }
  }

  async #all(signal: AbortSignal): Promise<SourceState | SourceFault> {
    const refused = await this.#logIn(signal);
    if (refused !== undefined) return refused;
    const services: Named[] = [];
    for (const group of this.#options.groups) {
      const names = await this.#names(group, signal);
      if ('fault' in names) return names;
      services.push(...names.map((service) => ({ group, service })));
    }
    const read = services.slice(0, servicesMax);
    const instances: SourceInstance[] = [];
    for (let from = 0; from < read.length; from += atOnce) {
      const some = read.slice(from, from + atOnce).map((named) => this.#instances(named, signal));
      for (const one of await Promise.all(some)) {
        if ('fault' in one) return one;
        instances.push(...one);
      }
    }
    const unmapped = services.slice(servicesMax).map(({ group, service }) => ({
      name: `${group}${separator}${service}`,
      why: `is beyond the first ${servicesMax} services`,
    }));
    return { instances, unmapped };
  }

  async #names(group: string, signal: AbortSignal): Promise<readonly string[] | SourceFault> {
    const names = new Set<string>();
    for (let pageNo = 1; names.size <= servicesMax; pageNo++) {
      const read = await this.#read(
        '/v1/ns/service/list',
        { pageNo: String(pageNo), pageSize: String(pageSize), groupName: group },
        signal,
      );
      if ('fault' in read) return read;
      const { doms } = fieldsOf(read.json);
      if (!Array.isArray(doms)) return { fault: 'the answer to /v1/ns/service/list has no "doms"' };
      for (const name of doms) names.add(withoutGroup(textOf(name)));
      if (doms.length < pageSize) break;
    }
    return [...names];
  }

  async #instances(named: Named, signal: AbortSignal): Promise<readonly SourceInstance[] | SourceFault> {
    const { group, service } = named;
    const serviceName = `${group}${separator}${service}`;
    const read = await this.#read(
      '/v1/ns/instance/list',
      { serviceName, groupName: group, healthyOnly: 'false' },
      signal,
    );
    if ('fault' in read) return read;
    const { hosts } = fieldsOf(read.json);
    if (!Array.isArray(hosts)) return { fault: `the answer to /v1/ns/instance/list for ${serviceName} has no "hosts"` };
    return listOf(hosts).map((host) => nacosInstance({ ...named, namespace: this.#options.namespace }, fieldsOf(host)));
  }

  async #read(path: string, parameters: Readonly<Record<string, string>>, signal: AbortSignal) {
    const { http, namespace } = this.#options;
    const query = new URLSearchParams({
      ...parameters,
      ...(namespace === '' ? {} : { namespaceId: namespace }),
      ...(this.#login === undefined ? {} : { accessToken: this.#login.token }),
    });
    return jsonOf(await http({ path: `${path}?${query.toString()}` }, signal), path);
  }

  /** Undefined: it is logged in, or needs not be. */
  async #logIn(signal: AbortSignal): Promise<SourceFault | undefined> {
    const { http, credentials, scheduler } = this.#options;
    if (credentials === undefined) return undefined;
    if (this.#login !== undefined && scheduler.nowMs() < this.#login.againAtMs) return undefined;
    const at = credentials.indexOf(':');
    const form = { username: credentials.slice(0, at), password: credentials.slice(at + 1) };
    const path = '/v1/auth/login';
    const read = jsonOf(await http({ method: 'POST', path, form }, signal), path);
    if ('fault' in read) return read;
    const { accessToken, tokenTtl } = fieldsOf(read.json);
    if (textOf(accessToken) === '') return { fault: `the answer to ${path} has no accessToken` };
    const ttlSeconds = typeof tokenTtl === 'number' && tokenTtl > 0 ? tokenTtl : 60;
    this.#login = { token: textOf(accessToken), againAtMs: scheduler.nowMs() + ttlSeconds * 500 };
    return undefined;
  }
}

function withoutGroup(name: string): string {
  const at = name.indexOf(separator);
  return at < 0 ? name : name.slice(at + separator.length);
}
