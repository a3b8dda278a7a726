// Nodes. Consul has an agent on each host, and rollcall one server: what is registered at the agent's API is on this server's
// node, whose address is the one where the client has reached it; without an address of its own a service is at the host that
// registered it. What is registered in the catalog is on the node that the catalog was given, which is there as long as it
// has a service.

import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Address } from '../../../model/address.ts';
import type { Instance } from '../../../model/instance.ts';
import { contentOf } from './part.ts';

export interface ShownNode {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
  /** Not this server's. */
  readonly isExternal: boolean;
}

const idOctets = 16;

/** In the form of a UUID, the same for one name. */
function idOf(name: string): string {
  const hex = createHash('sha256')
    .update(name)
    .digest('hex')
    .slice(0, 2 * idOctets);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** A server has some addresses; hosts that gave none are bounded by what is registered, and made again at little cost. */
const keptMax = 1000;

export class Nodes {
  readonly #name: string;
  readonly #datacenter: string;
  /** This server's node by the address at which it is shown. */
  readonly #kept = new Map<string, ShownNode>();

  constructor(name: string, datacenter: string) {
    this.#name = name;
    this.#datacenter = datacenter;
  }

  get name(): string {
    return this.#name;
  }

  /** This server, as the client of a request has reached it. */
  own({ raw }: Pick<FastifyRequest, 'raw'>): ShownNode {
    const { localAddress = '127.0.0.1' } = raw.socket;
    return this.#at(localAddress.replace(/^::ffff:/i, '').replace(/%.*$/, ''));
  }

  /** The node of an instance. */
  of(instance: Instance, own: ShownNode): ShownNode {
    const { node, address } = contentOf(instance);
    if (node === undefined) {
      const isBesideIt = address === undefined && instance.fronts?.consul !== undefined;
      return isBesideIt ? this.#at((instance.addrs[0] as Address).host) : own;
    }
    const { name, id = idOf(name), taggedAddresses = {}, meta = {} } = node;
    return { id, name, address: node.address, datacenter: this.#datacenter, taggedAddresses, meta, isExternal: true };
  }

  nameOf(instance: Instance): string {
    return contentOf(instance).node?.name ?? this.#name;
  }

  metaOf(instance: Instance): ShownNode['meta'] {
    return contentOf(instance).node?.meta ?? {};
  }

  #at(address: string): ShownNode {
    const kept = this.#kept.get(address);
    if (kept !== undefined) return kept;
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const tagged = ['lan', `lan_${family}`, 'wan', `wan_${family}`].map((tag) => [tag, address]);
    const node: ShownNode = {
      id: idOf(this.#name),
      name: this.#name,
      address,
      datacenter: this.#datacenter,
      taggedAddresses: Object.fromEntries(tagged) as Record<string, string>,
      meta: { 'consul-network-segment': '' },
      isExternal: false,
    };
    if (this.#kept.size >= keptMax) this.#kept.clear();
    this.#kept.set(address, node);
    return node;
  }
}

const indexes = { CreateIndex: 1, ModifyIndex: 1 };

function fieldsOf({ id, name, address, datacenter, taggedAddresses }: ShownNode) {
  return { ID: id, Node: name, Address: address, Datacenter: datacenter, TaggedAddresses: taggedAddresses };
}

export function healthNode(node: ShownNode) {
  return { ...fieldsOf(node), Meta: node.meta, ...indexes };
}

export function catalogNode(node: ShownNode) {
  return { ...fieldsOf(node), NodeMeta: node.meta };
}
