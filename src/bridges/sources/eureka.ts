// A live Eureka: everything once, then the changes of the last minutes again and again, as its clients do. Where the hash
// code of what came of them is not the server's, something was missed, and everything is fetched again.
// Limit: at most one fetch of everything in two polls.

import { type BackoffLimits, backoffMs } from '../../runtime/backoff.ts';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';
import {
  fieldsOf,
  jsonOf,
  type RegistrySource,
  type SourceFault,
  type SourceFields,
  type SourceHttp,
  type SourceListener,
} from '../source.ts';
import { type EurekaInfo, eurekaInstance, hashcodeOf, infosIn } from './eureka-info.ts';

export interface EurekaOptions {
  readonly http: SourceHttp;
  /** `user:password`; undefined: none. */
  readonly credentials: string | undefined;
  readonly pollMs: number;
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

const backoff: BackoffLimits = { firstMs: 1000, longestMs: 30_000 };

export class EurekaSource implements RegistrySource {
  readonly kind = 'eureka';
  readonly #options: EurekaOptions;

  constructor(options: EurekaOptions) {
    this.#options = options;
  }

  async follow({ onState, onOutage }: SourceListener, signal: AbortSignal): Promise<void> {
    const { pollMs, scheduler, random } = this.#options;
    let known: ReadonlyMap<string, EurekaInfo> | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const read = await this.#next(known, signal);
      if (signal.aborted) return;
      if ('fault' in read) {
        failures++;
        known = undefined;
        onOutage(read.fault);
      } else {
        failures = 0;
        known = read.known;
        onState({ instances: [...known.values()].map(eurekaInstance), unmapped: [] });
      }
      await pause(scheduler, failures === 0 ? pollMs : Math.max(pollMs, backoffMs(failures, backoff, random)), signal);
    }
  }

  async #next(
    known: ReadonlyMap<string, EurekaInfo> | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly known: ReadonlyMap<string, EurekaInfo> } | SourceFault> {
    if (known !== undefined) {
      const delta = await this.#read('/apps/delta', signal);
      // Servers can have it switched off: then they refuse it, or answer with nothing.
      if (!('fault' in delta)) {
        const changed = applied(known, infosIn(delta));
        if (hashcodeOf(changed.values()) === delta['apps__hashcode']) return { known: changed };
      }
      if (signal.aborted) return { known };
    }
    const all = await this.#read('/apps', signal);
    if ('fault' in all) return all as unknown as SourceFault;
    return { known: new Map(infosIn(all).map((info) => [keyOf(info), info])) };
  }

  /** The `applications` of an answer. */
  async #read(path: string, signal: AbortSignal): Promise<SourceFields | SourceFault> {
    const { http, credentials } = this.#options;
    const basic = credentials === undefined ? {} : { authorization: `Basic ${btoa(credentials)}` };
    const read = jsonOf(await http({ path, headers: { accept: 'application/json', ...basic } }, signal), path);
    if ('fault' in read) return read;
    const { applications } = fieldsOf(read.json);
    return typeof applications === 'object' && applications !== null
      ? fieldsOf(applications)
      : { fault: `the answer to ${path} has no "applications"` };
  }
}

function keyOf({ app, id }: EurekaInfo): string {
  return `${app}/${id}`;
}

/** A change may come many times. */
function applied(known: ReadonlyMap<string, EurekaInfo>, changes: readonly EurekaInfo[]): Map<string, EurekaInfo> {
  const after = new Map(known);
  for (const info of changes) {
    if (info.actionType === 'DELETED') after.delete(keyOf(info));
    else after.set(keyOf(info), info);
  }
  return after;
}
