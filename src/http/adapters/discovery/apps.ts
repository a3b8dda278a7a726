// Apps as discovery's clients ask for them. `infra.discovery`, of which a client learns its servers, is this server in
// every env: at the address where the client has found it, which is the only one that is known to reach it.

import type { FastifyRequest } from 'fastify';
import { scopedView } from '../../../control/scoped-view.ts';
import type { InstanceRecord } from '../../../model/instance-record.ts';
import { parseEnv } from '../../../model/names.ts';
import type { Status } from '../../../model/status.ts';
import { appidOf } from '../app-name.ts';
import type { FrontContext } from '../front.ts';
import { appText, instanceText } from './instance-text.ts';
import { isBehind, latestOf, nanosecondsOf } from './timestamps.ts';

export interface DiscoveryContext extends FrontContext {
  /** When this front began: the one change of `infra.discovery`. */
  readonly startedMs: number;
}

/** An app that a call names. */
export interface AskedApp {
  readonly env: string;
  /** As it was given. */
  readonly name: string;
  /** Undefined: no app has such a name. */
  readonly appid: string | undefined;
}

export const infraAppid = 'infra.discovery';
/** The zone of this server where the client names none: one that no client is in. */
const infraZone = 'rollcall';

/** Undefined: the env cannot be one. */
export function askedApp(env: string, name: string): AskedApp | undefined {
  const canonical = parseEnv(env);
  if (typeof canonical !== 'string') return undefined;
  const appid = appidOf(name);
  return { env: canonical, name, appid: typeof appid === 'string' ? appid : undefined };
}

export interface Wanted {
  readonly status: Status | undefined;
  readonly zone: string | undefined;
}

/** `missing`: there is no such app. */
export type Changed = { readonly text: string } | 'missing';

export class DiscoveryApps {
  readonly #context: DiscoveryContext;
  readonly #request: FastifyRequest;

  constructor(context: DiscoveryContext, request: FastifyRequest) {
    this.#context = context;
    this.#request = request;
  }

  /** The caller may read it; this server itself is no app. */
  isReadable({ env, appid }: AskedApp): boolean {
    return appid === undefined || appid === infraAppid || this.#request.principal.may('read', env, appid);
  }

  /** The app's text; undefined: it is not known, or not in that zone. */
  text({ env, appid }: AskedApp, wanted: Wanted): string | undefined {
    if (appid === undefined) return undefined;
    if (appid === infraAppid) return this.#infraText(env, wanted);
    const { view } = this.#context.control;
    const app = view.app(env, appid);
    if (app === undefined) return undefined;
    const zones = zonesOf(app.instances(), wanted);
    if (wanted.zone !== undefined && zones.size === 0) return undefined;
    return appText(zones, latestOf(view.appRevision(env, appid)));
  }

  /** The text of the app where a client that has `asked` does not know it; undefined: it does. */
  changed(asked: AskedApp, askedLatest: bigint, wanted: Wanted): Changed | undefined {
    const { control, clock, startedMs } = this.#context;
    const { env, appid } = asked;
    if (appid === undefined) return 'missing';
    if (appid === infraAppid) {
      const latest = BigInt(nanosecondsOf(startedMs));
      return askedLatest < latest ? { text: this.#infraText(env, wanted) } : undefined;
    }
    const latest = latestOf(control.view.appRevision(env, appid));
    const isKnown = control.view.app(env, appid) !== undefined;
    // The client has instances of it, and the last one has left.
    if (!isKnown && (askedLatest <= 0n || latest === 0n)) return 'missing';
    if (!isBehind(askedLatest, latest, clock.wallMs())) return isKnown ? undefined : 'missing';
    return { text: this.text(asked, wanted) ?? appText(new Map(), latest) };
  }

  /** All apps of all envs: instances by the app's name. */
  all(): string {
    const apps = new Map<string, string[]>();
    const { view } = this.#context.control;
    for (const app of scopedView(view, this.#request.principal.scope('read')).apps()) {
      const texts = [...app.instances()].map(instanceText);
      apps.set(app.appid, [...(apps.get(app.appid) ?? []), ...texts]);
    }
    apps.set(infraAppid, [this.#selfText(this.#context.env, infraZone)]);
    const sorted = [...apps].sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${sorted.map(([name, texts]) => `${JSON.stringify(name)}:[${texts.join()}]`).join()}}`;
  }

  #infraText(env: string, { status, zone = infraZone }: Wanted): string {
    const texts = status === 'waiting' ? [] : [this.#selfText(env, zone)];
    return appText(new Map([[zone, texts]]), BigInt(nanosecondsOf(this.#context.startedMs)));
  }

  #selfText(env: string, zone: string): string {
    const { host, protocol } = this.#request;
    const at = nanosecondsOf(this.#context.startedMs);
    const fields = {
      region: '',
      zone,
      env,
      appid: infraAppid,
      hostname: host,
      addrs: [`${protocol}://${host}`],
      version: '',
      metadata: {},
      status: 1,
    };
    const times = ['reg', 'up', 'renew', 'dirty', 'latest'].map((name) => `"${name}_timestamp":${at}`);
    return `${JSON.stringify(fields).slice(0, -1)},${times.join()}}`;
  }
}

/** Zones without an instance of that status are there as well, and empty. */
function zonesOf(records: Iterable<InstanceRecord>, { status, zone }: Wanted): ReadonlyMap<string, readonly string[]> {
  const zones = new Map<string, string[]>();
  for (const stored of records) {
    const { instance } = stored;
    if (zone !== undefined && instance.zone !== zone) continue;
    const texts = zones.get(instance.zone) ?? [];
    zones.set(instance.zone, texts);
    if (status === undefined || instance.status === status) texts.push(instanceText(stored));
  }
  return zones;
}
