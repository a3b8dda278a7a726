// HTTPS and SVCB records (RFC 9460): where to connect, with the port and the addresses in the record itself, so that a
// client needs no second look-up, and the protocols that the instance's metadata names under `alpn`. An HTTPS record makes
// clients use TLS (RFC 9460 §9.5: even for an http URL), so it is made of ports named `https` alone; SVCB is made of `http`
// and `https`.

import type { Instance } from '../../../model/instance.ts';
import type { LeasedInstance } from '../../../model/view.ts';
import { RRType } from '../../message/message.ts';
import { httpsPortNames, svcbPortNames } from '../apps/service-ports.ts';
import type { NameScope } from '../names/service-name.ts';
import { candidate, join, type RecordCandidate, type RecordContext } from './service-candidates.ts';
import { type SrvEndpoint, srvEndpointsOf } from './service-endpoints.ts';

/** RFC 9460 §14.3.2 */
const key = { alpn: 1, port: 3, ipv4hint: 4, ipv6hint: 6 } as const;
const priorityMax = 65_535;

export function bindings(
  scope: NameScope,
  type: number,
  up: readonly LeasedInstance[],
  place: RecordContext,
): RecordCandidate[] {
  /** By their data: instances behind one host name may share a record. */
  const candidates = new Map<string, RecordCandidate>();
  const appName = place.appName();
  const portNames = type === RRType.HTTPS ? httpsPortNames : svcbPortNames;
  for (const leased of up) {
    const { instance } = leased;
    for (const endpoint of srvEndpointsOf(instance, appName)) {
      const isShown = endpoint.addresses.some(
        (address) => portNames.has(address.portName) && scope.servesAddress?.(address) !== false,
      );
      if (!isShown) continue;
      const priority = new Uint8Array(2);
      // 0 would be an alias (RFC 9460 §2.4.2).
      new DataView(priority.buffer).setUint16(0, Math.min(instance.priority + 1, priorityMax));
      const rdata = [priority, endpoint.target, parameters(instance, endpoint)] as const;
      const key = `${endpoint.target} ${Buffer.concat([priority, rdata[2]]).toString('latin1')}`;
      const known = candidates.get(key);
      if (known !== undefined) join(known, leased, place.nowMs);
      else candidates.set(key, candidate(rdata, leased, place.nowMs, endpoint));
    }
  }
  return [...candidates.values()];
}

/** In the order of their keys (RFC 9460 §2.2). */
function parameters(instance: Instance, { port, hosts }: SrvEndpoint): Uint8Array {
  const parts: Uint8Array[] = [];
  const alpn = alpnOf(instance);
  if (alpn.length > 0) parts.push(parameter(key.alpn, alpn));
  parts.push(parameter(key.port, [Uint8Array.of(port >> 8, port & 0xff)]));
  for (const [type, hint] of [
    [RRType.A, key.ipv4hint],
    [RRType.AAAA, key.ipv6hint],
  ] as const) {
    const addresses = hosts
      .filter((host) => host.type === type)
      .flatMap(({ rdatas }) => rdatas.map((rdata) => rdata[0] as Uint8Array));
    if (addresses.length > 0) parts.push(parameter(hint, addresses));
  }
  return Buffer.concat(parts);
}

/** `alpn` in the metadata: protocol identifiers with commas between (`h2,h3`), each a counted string (§7.1.1). */
function alpnOf({ metadata }: Instance): Uint8Array[] {
  const ids = (metadata.get('alpn') ?? '').split(',').map((id) => Buffer.from(id.trim()));
  return ids.filter(({ length }) => length > 0 && length <= 255).flatMap((id) => [Uint8Array.of(id.length), id]);
}

function parameter(code: number, values: readonly Uint8Array[]): Uint8Array {
  const value = Buffer.concat(values);
  const header = Buffer.alloc(4);
  header.writeUInt16BE(code, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}
