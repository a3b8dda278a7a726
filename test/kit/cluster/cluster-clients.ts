// Clients of a cluster under faults, and what they see: instances that register, renew at one node or at all in turn, fall
// silent or are cancelled, and an observer that asks every node for its answers. Times are this process's own.

import type { ServerProcess } from '../process/server-process.ts';
import { addressesAt, api } from './cluster-world.ts';

export const leaseMs = 9000;
const renewMs = 2000;
const callMs = 1500;

export interface Beating {
  readonly name: string;
  readonly address: string;
  /** Undefined: at all nodes in turn. */
  readonly home: number | undefined;
  isSilent: boolean;
  /** It is drained; afterwards, since when it is up again. */
  isOut: boolean;
  backMs: number;
  /** Of the first answer that registered it. */
  registeredMs: number;
  /** Since when each renewal was answered with 200, in time. */
  unbrokenMs: number;
  /** When the last renewal that a joined node answered was sent. */
  provenMs: number;
  lastMs: number;
  /** When it was cancelled, acknowledged by the cluster. */
  cancelledMs: number | undefined;
  again: number;
}

export interface Sample {
  readonly atMs: number;
  readonly node: number;
  readonly state: string;
  readonly life: string;
  readonly serial: number;
  readonly addresses: ReadonlySet<string>;
}

type Nodes = readonly (ServerProcess | undefined)[];

export class ClusterClients {
  readonly #nodes: Nodes;
  readonly beating: Beating[];
  readonly samples: Sample[] = [];
  readonly lies: string[] = [];
  /** That were reported safe. */
  drains = 0;
  readonly #states: string[] = ['joined', 'joined', 'joined'];
  #turn = 0;

  constructor(nodes: Nodes, count: number) {
    this.#nodes = nodes;
    this.beating = Array.from({ length: count }, (_, index) => ({
      name: `i${index}`,
      address: `10.2.${index >> 8}.${index & 255}`,
      home: index % 2 === 0 ? (index >> 1) % 3 : undefined,
      ...{ isSilent: false, isOut: false, backMs: 0 },
      ...{ registeredMs: 0, unbrokenMs: 0, provenMs: 0, lastMs: 0, cancelledMs: undefined, again: 0 },
    }));
  }

  async registerAll(): Promise<void> {
    for (const one of this.beating) await this.#register(one, one.home ?? 0);
  }

  /** One renewal of each that is due. */
  async renew(): Promise<void> {
    this.#turn++;
    await Promise.all(
      this.beating
        .filter((one) => !one.isSilent && performance.now() - one.lastMs >= renewMs)
        .map((one) => this.#renewOne(one)),
    );
  }

  async cancel(one: Beating): Promise<void> {
    const node = this.#nodes[this.#turn % 3];
    one.isSilent = true;
    if (node === undefined) return;
    const reply = await this.#call(node, 'DELETE', `/apps/prod/orders/${one.name}`);
    if (reply?.status === 200 && reply.body['replicated'] === true) one.cancelledMs = performance.now();
  }

  /**
   * Drains it and waits until that is reported safe; then `isSafe` looks, and it is up again. A wrong report is
   * kept in `lies`.
   */
  async drain(one: Beating, index: number, heldMs: (address: string) => number): Promise<void> {
    one.isOut = true;
    const path = `/apps/prod/orders/${one.name}`;
    for (let attempt = 0; attempt < 40; attempt++) {
      const node = this.#nodes[(index + attempt) % 3];
      const reply = node === undefined ? undefined : await this.#call(node, 'POST', `${path}/drain`);
      if (reply?.status === 200 && reply.body['safe'] === true) {
        this.drains++;
        const held = heldMs(one.address);
        if (held > 0) this.lies.push(`${one.name} was safe, and a resolver had it for ${Math.round(held)} ms more`);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    for (let attempt = 0; one.isOut; attempt++) {
      const node = this.#nodes[(index + attempt) % 3];
      const reply = node === undefined ? undefined : await this.#call(node, 'POST', `${path}/up`);
      // One that was let go meanwhile is registered again by its next renewal.
      if (reply !== undefined && (reply.status < 300 || reply.status === 404)) one.isOut = false;
      else await new Promise((resolve) => setTimeout(resolve, 500));
    }
    one.backMs = performance.now();
  }

  /** What each node answers now. */
  async observe(): Promise<void> {
    await Promise.all([0, 1, 2].map((index) => this.#observe(index)));
  }

  async #observe(index: number): Promise<void> {
    const node = this.#nodes[index];
    if (node === undefined) return;
    const atMs = performance.now();
    const before = await this.#call(node, 'GET', '/nodes');
    const found = await this.#call(node, 'GET', '/apps/prod/orders');
    const after = await this.#call(node, 'GET', '/nodes');
    if (before === undefined || found === undefined || after === undefined) return;
    const state = before.body['state'] === after.body['state'] ? String(after.body['state']) : 'changing';
    this.#states[index] = state;
    // Not found: there is no instance of it. What is refused says nothing.
    if (found.status !== 200 && found.status !== 404) return;
    const instances = (found.body['instances'] ?? []) as readonly { readonly addrs: readonly string[] }[];
    const addresses = new Set(instances.flatMap(({ addrs }) => addrs.map((url) => new URL(url).hostname)));
    const [life = '', serial = ''] = String(found.index ?? '').split('-');
    this.samples.push({ atMs, node: index, state, life, serial: Number(serial), addresses });
  }

  async #renewOne(one: Beating): Promise<void> {
    const first = one.home ?? this.#turn % 3;
    one.lastMs = performance.now();
    for (const index of [first, (first + 1) % 3, (first + 2) % 3]) {
      const node = this.#nodes[index];
      if (node === undefined) continue;
      const sentMs = performance.now();
      const reply = await this.#call(node, 'PUT', `/apps/prod/orders/${one.name}/renew`);
      if (reply?.status === 404) {
        one.again++;
        await this.#register(one, index);
        return;
      }
      if (reply?.status !== 200) continue;
      if (sentMs - one.provenMs > leaseMs / 2) one.unbrokenMs = sentMs;
      if (this.#states[index] === 'joined') one.provenMs = sentMs;
      return;
    }
  }

  async #register(one: Beating, index: number): Promise<void> {
    const node = this.#nodes[index];
    if (node === undefined) return;
    const sentMs = performance.now();
    const body = { addrs: [`http://${one.address}:80`], leaseSeconds: leaseMs / 1000 };
    const reply = await this.#call(node, 'PUT', `/apps/prod/orders/${one.name}`, body);
    if (reply === undefined || reply.status >= 300) return;
    Object.assign(one, { registeredMs: sentMs, unbrokenMs: sentMs, provenMs: sentMs, lastMs: sentMs });
  }

  /** Undefined: no answer in time. */
  async #call(node: ServerProcess, method: string, path: string, body?: object) {
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), callMs).unref());
    return Promise.race([api(node, method, path, body).catch(() => undefined), late]);
  }
}

/** The DNS of a node, of all instances. */
export function dnsOf(node: ServerProcess): Promise<string[]> {
  return addressesAt(node, 'orders');
}
