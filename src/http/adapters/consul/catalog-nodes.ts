// The nodes that Consul's catalog was given, for DNS: a node is there as long as it has a service, at the addresses that its
// services were registered with. Names are folded, since DNS asks for them in any case.
// Limits: one entry a service on such a node. A node whose address is the name of a host has no address here.

import type { Change } from '../../../model/change.ts';
import type { ConsulNode } from '../../../model/consul-node.ts';
import type { Instance } from '../../../model/instance.ts';
import { parseIpv4, parseIpv6 } from '../../../model/ip.ts';
import { foldAscii } from '../../../model/text.ts';
import { contentOf } from './part.ts';

interface OnNode {
  readonly name: string;
  readonly address: string;
}

export class CatalogNodes {
  readonly #env: string;
  readonly #onNode: (node: ConsulNode) => void;
  /** By node: how many services it has at each address. */
  readonly #nodes = new Map<string, Map<string, number>>();

  /** `onNode`: hears of each node that has become another. */
  constructor(env: string, onNode: (node: ConsulNode) => void) {
    this.#env = env;
    this.#onNode = onNode;
  }

  /** A change listener. */
  changed({ before, after }: Change): void {
    const [was, is] = [this.#nodeOf(before), this.#nodeOf(after)];
    if (was?.name === is?.name && was?.address === is?.address) return;
    const moved = new Set<string>();
    if (was !== undefined && this.#count(was, -1)) moved.add(was.name);
    if (is !== undefined && this.#count(is, 1)) moved.add(is.name);
    for (const name of moved) this.#onNode({ name, addresses: this.#addressesOf(name) });
  }

  #nodeOf(instance: Instance | undefined): OnNode | undefined {
    if (instance === undefined || instance.env !== this.#env) return undefined;
    const { node } = contentOf(instance);
    return node === undefined ? undefined : { name: foldAscii(node.name), address: node.address };
  }

  /** True where the node has an address more or less. */
  #count({ name, address }: OnNode, difference: 1 | -1): boolean {
    const addresses = this.#nodes.get(name) ?? new Map<string, number>();
    const count = (addresses.get(address) ?? 0) + difference;
    if (count > 0) addresses.set(address, count);
    else addresses.delete(address);
    if (addresses.size > 0) this.#nodes.set(name, addresses);
    else this.#nodes.delete(name);
    return count === 0 || (count === 1 && difference === 1);
  }

  /** Undefined: the node is not there. */
  #addressesOf(name: string): readonly string[] | undefined {
    const addresses = this.#nodes.get(name);
    if (addresses === undefined) return undefined;
    return [...addresses.keys()].filter((one) => (parseIpv4(one) ?? parseIpv6(one)) !== undefined);
  }
}
