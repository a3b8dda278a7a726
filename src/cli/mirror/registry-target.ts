// rollcall as the target of a mirror, over the client's link: a watch of the env has what is there, an import with times
// writes only what has not been changed since it was seen, and `If-Match` guards a cancellation. The import is used since it takes
// what the front of the other registry keeps (the given name of a service above all), so that a client which moves finds its own name.

import { endpointIn, markKey } from '../../bridges/mirrored.ts';
import type {
  MirrorTarget,
  MirrorWrite,
  MirrorWritten,
  Present,
  PresentInstances,
  TargetFault,
} from '../../bridges/target.ts';
import { followEvents } from '../../client/registry/event-stream.ts';
import type { JsonObject } from '../../client/registry/problem-document.ts';
import type { ApiCall, RegistryLink } from '../../client/registry/registry-link.ts';
import { isUnknownInstance, type Reply } from '../../client/registry/reply.ts';
import { type InstanceKey, instanceKey } from '../../model/names.ts';
import type { Scheduler } from '../../runtime/scheduler.ts';
import { type Fields, fieldsList, partField, textField } from '../document-fields.ts';
import { apiPathOf } from '../instance-path.ts';

export interface RegistryTargetOptions {
  readonly link: RegistryLink;
  readonly env: string;
  /** `mirror of consul 10.0.0.5:8500`: the reason of every write. */
  readonly reason: string;
  readonly scheduler: Scheduler;
  readonly random: () => number;
}

export class RegistryTarget implements MirrorTarget {
  readonly #options: RegistryTargetOptions;
  #apps = new Map<string, Map<string, Present>>();
  #isSynced = false;

  constructor(options: RegistryTargetOptions) {
    this.#options = options;
  }

  present(): PresentInstances | undefined {
    return this.#isSynced ? this.#apps : undefined;
  }

  /** Without the stream what was there last stays: writes are conditional. */
  async follow(onChange: () => void, onFault: (why: string) => void, signal: AbortSignal): Promise<void> {
    const { env, link, scheduler, random } = this.#options;
    const options = { link, scheduler, random, keepsProcess: true };
    for await (const item of followEvents(`/api/v1/watch?env=${encodeURIComponent(env)}`, options, signal)) {
      if (item.kind === 'disconnected') onFault(item.reason);
      else {
        if (item.kind === 'event') this.#apply(item.event, item.data);
        // Also of a stream that has come back.
        if (this.#isSynced) onChange();
      }
    }
  }

  #apply(event: string, data: JsonObject): void {
    const appid = textField(data, 'appid');
    if (event === 'gap') {
      this.#apps = new Map();
      this.#isSynced = false;
    } else if (event === 'synced') this.#isSynced = true;
    else if (event === 'snapshot') {
      const read = fieldsList(data, 'instances').map((one) => presentOf(one));
      this.#set(appid, new Map(read.map((one) => [instanceKey(one.key.instance), one])));
    } else if ('matches' in data) {
      const instances = this.#apps.get(appid) ?? new Map<string, Present>();
      const { after } = data;
      if (data['matches'] === true && typeof after === 'object' && after !== null) {
        const one = presentOf(after as Fields);
        instances.set(instanceKey(one.key.instance), one);
      } else instances.delete(instanceKey(textField(data, 'instance')));
      this.#set(appid, instances);
    }
  }

  #set(appid: string, instances: Map<string, Present>): void {
    if (instances.size === 0) this.#apps.delete(appid);
    else this.#apps.set(appid, instances);
  }

  async register(writes: readonly MirrorWrite[], signal: AbortSignal): Promise<readonly MirrorWritten[] | TargetFault> {
    const query = new URLSearchParams({ reason: this.#options.reason });
    const body = { lines: writes.map(lineOf) };
    const reply = await this.#call({ method: 'POST', path: `/api/v1/import?${query.toString()}`, body }, signal);
    if (reply.kind !== 'done') return { fault: reply.text };
    return fieldsList(reply.document, 'results').map((result, index) => writtenOf(result, writes[index]));
  }

  async cancel({ key, revision }: Present, why: string, signal: AbortSignal) {
    const query = new URLSearchParams({ reason: `${this.#options.reason}: ${why}` });
    const path = `${apiPathOf(key)}?${query.toString()}`;
    const reply = await this.#call({ method: 'DELETE', path, headers: { 'if-match': `"${revision}"` } }, signal);
    if (reply.kind === 'done') return 'cancelled';
    const isOver = isUnknownInstance(reply) || (reply.kind === 'refused' && reply.status === 412);
    return isOver ? 'not-ours' : { fault: reply.text };
  }

  async renew(keys: readonly InstanceKey[], signal: AbortSignal): Promise<TargetFault | undefined> {
    const instances = keys.map(({ env, appid, instance }) => ({ env, appid, instance }));
    const reply = await this.#call({ method: 'POST', path: '/api/v1/renew', body: { instances } }, signal);
    return reply.kind === 'done' ? undefined : { fault: reply.text };
  }

  #call(call: ApiCall, signal: AbortSignal): Promise<Reply> {
    return this.#options.link.call(call, signal);
  }
}

/** Of an instance as the API shows it. */
function presentOf(document: Fields): Present {
  const { addrs } = document;
  const metadata = partField(document, 'metadata');
  const wanted = [partField(document, 'override')['wanted'], partField(document, 'health')['wanted']];
  const status = wanted.find((one) => one !== undefined) ?? document['status'];
  const mark = metadata[markKey];
  return {
    key: {
      env: textField(document, 'env'),
      appid: textField(document, 'appid'),
      instance: textField(document, 'instance'),
    },
    json: { ...document, status },
    fronts: partField(document, 'fronts'),
    mark: typeof mark === 'string' ? mark : undefined,
    endpoints: Array.isArray(addrs) ? addrs.map((text) => endpointIn(String(text))) : [],
    revision: Number(document['revision']),
    updatedAtMs: Date.parse(textField(document, 'updatedAt')),
    dirtyAtMs: Date.parse(textField(document, 'dirtyAt')),
  };
}

/**
 * A line of an export. `updatedAtMs`: what was changed here later than that stays. `dirtyAtMs`: as old as can be, so that a
 * client which moves with a registration from long ago is still the newer one.
 */
function lineOf({ wanted, before }: MirrorWrite): object {
  const { key, json, front, appName, content } = wanted;
  return {
    kind: 'instance',
    ...{ env: key.env, appid: key.appid, instance: key.instance, registration: json, liveness: { kind: 'lease' } },
    fronts: { [front]: { appName, content: JSON.stringify(content) } },
    updatedAtMs: before === undefined ? 0 : before.updatedAtMs + 1,
    dirtyAtMs: before?.dirtyAtMs ?? 0,
  };
}

function writtenOf(result: Fields, write: MirrorWrite | undefined): MirrorWritten {
  const key = (write as MirrorWrite).wanted.key;
  const outcome = textField(result, 'outcome');
  const why = textField(result, 'reason');
  if (outcome === 'created' || outcome === 'replaced') return { key, outcome: 'written' };
  return outcome === 'unchanged' ? { key, outcome } : { key, outcome: 'refused', why };
}
