// SRV targets. A target must resolve to exactly the addresses at which its port is served, no more (design §5, rule
// 6), so an instance that serves everything at the same hosts is its own target, and one that does not gets a name
// per port (`http.orders-1`) or, where one port name has several numbers or protocols at different hosts, per
// endpoint (`8080-tcp.http.orders-1`). A host-name address is its own target.

import { type Address, octetsOf } from '../../../model/address.ts';
import { onlyIpv4Of } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import { octetsOfIpv4 } from '../../../model/ip.ts';
import { type Rdata, RRType } from '../../message/message.ts';
import { childOf, type Name, name } from '../../message/name.ts';
import { endpointLabel } from '../names/service-name.ts';

/** One SRV record: a port at a target, and the hosts that the target must resolve to. */
export interface SrvEndpoint {
  readonly port: number;
  readonly target: Name;
  /** All addresses behind it; port names may differ where port and hosts do not. */
  readonly addresses: readonly Address[];
  readonly hosts: readonly { readonly type: number; readonly rdatas: readonly Rdata[] }[];
}

/** The endpoints of an instance below its app's name. Registration has checked that the names fit. */
export function srvEndpointsOf(instance: Instance, appName: Name): SrvEndpoint[] {
  const own = childOf(instance.label, appName) as Name;
  const { addrs } = instance;
  const only = addrs[0] as Address;
  if (addrs.length === 1) return [endpoint(targetOfOne(only, own), addrs, onlyIpv4Of(instance))];

  const narrowest = narrowestNames(addrs, own);
  const endpoints = new Map<string, { target: Name; addresses: Address[] }>();
  for (const address of addrs) {
    const target = address.family === 'name' ? targetOfOne(address, own) : narrowest(address);
    // Two port names at one port of the same hosts are one record.
    const key = `${address.port} ${target}`;
    const known = endpoints.get(key);
    if (known === undefined) endpoints.set(key, { target, addresses: [address] });
    else known.addresses.push(address);
  }
  return [...endpoints.values()].map(({ target, addresses }) => endpoint(target, addresses));
}

function targetOfOne(address: Address, own: Name): Name {
  return address.family === 'name' ? name(`${address.host}.`) : own;
}

/**
 * The shortest name whose addresses are just those that serve an endpoint. Hosts of an endpoint are among those of its
 * port, and these among all: sets of one size are equal.
 */
function narrowestNames(addrs: readonly Address[], own: Name): (address: Address) => Name {
  const all = new Set<string>();
  const ofPortNames = new Map<string, Set<string>>();
  for (const address of addrs) {
    if (address.family === 'name') continue;
    const { portName, host } = address;
    all.add(host);
    for (const key of [portName, endpointKey(address)]) {
      const hosts = ofPortNames.get(key);
      if (hosts === undefined) ofPortNames.set(key, new Set([host]));
      else hosts.add(host);
    }
  }
  return (address) => {
    const hosts = ofPortNames.get(endpointKey(address))?.size;
    if (hosts === all.size) return own;
    const ofPortName = childOf(address.portName, own) as Name;
    return hosts === ofPortNames.get(address.portName)?.size
      ? ofPortName
      : (childOf(endpointLabel(address), ofPortName) as Name);
  };
}

/** Port names have no space in them. */
function endpointKey(address: Address): string {
  return `${address.portName} ${endpointLabel(address)}`;
}

/** `ipv4`: the host of all of them, where that is known as a number. */
function endpoint(target: Name, addresses: readonly Address[], ipv4?: number): SrvEndpoint {
  const { port } = addresses[0] as Address;
  if (ipv4 !== undefined)
    return { port, target, addresses, hosts: [{ type: RRType.A, rdatas: [[octetsOfIpv4(ipv4)]] }] };
  const hosts = [];
  for (const { type, family } of hostFamilies) {
    const rdatas = rdatasOf(addresses, family);
    if (rdatas.length > 0) hosts.push({ type, rdatas });
  }
  return { port, target, addresses, hosts };
}

const hostFamilies = [
  { type: RRType.A, family: 4 },
  { type: RRType.AAAA, family: 6 },
] as const;

/** One a host. */
function rdatasOf(addresses: readonly Address[], family: Address['family']): Rdata[] {
  const [only] = addresses;
  if (addresses.length === 1) return only?.family === family ? [[octetsOf(only)]] : [];
  const unique = new Map<string, Rdata>();
  for (const address of addresses) if (address.family === family) unique.set(address.host, [octetsOf(address)]);
  return [...unique.values()];
}
