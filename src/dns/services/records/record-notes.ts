// Notes on an answer's records: which instances take traffic and are not in it, since they have nothing of the type, and
// what of the metadata TXT cannot show.

import { onlyIpv4Of } from '../../../model/compact-instance.ts';
import type { Instance } from '../../../model/instance.ts';
import type { LeasedInstance } from '../../../model/view.ts';
import { RRType } from '../../message/message.ts';
import { httpsPortNames, svcbPortNames } from '../apps/service-ports.ts';
import type { NameScope } from '../names/service-name.ts';
import { metadataTexts, type ShownMetadata } from './service-text.ts';

/** What is named; the others are counted. */
const namedMax = 2;

export interface WithoutType {
  readonly count: number;
  readonly named: readonly LeasedInstance[];
}

/** Of instances that are up, those that have no record of a type. */
export function withoutType(scope: NameScope, type: number, up: readonly LeasedInstance[]): WithoutType {
  const without = up.filter(({ instance }) => !hasType(instance, type, scope));
  // In an order that does not depend on who came first.
  without.sort((a, b) => (a.instance.label < b.instance.label ? -1 : 1));
  return { count: without.length, named: without.slice(0, namedMax) };
}

function hasType(instance: Instance, type: number, { servesAddress }: NameScope): boolean {
  const portNames = type === RRType.HTTPS ? httpsPortNames : type === RRType.SVCB ? svcbPortNames : undefined;
  const family = type === RRType.A ? 4 : type === RRType.AAAA ? 6 : undefined;
  if (portNames === undefined && family === undefined) return true;
  if (family !== undefined && servesAddress === undefined && onlyIpv4Of(instance) !== undefined) return family === 4;
  return instance.addrs.some((address) => {
    if (servesAddress?.(address) === false) return false;
    return portNames === undefined ? address.family === family : portNames.has(address.portName);
  });
}

/** `orders-2 (IPv6 alone)`. */
export function withoutNote({ label, addrs }: Instance, type: number, { servesAddress }: NameScope): string {
  if (type === RRType.HTTPS) return `${label} (no port named https)`;
  if (type === RRType.SVCB) return `${label} (no port named http or https)`;
  const served = addrs.filter((address) => servesAddress?.(address) !== false);
  const named = served.find(({ family }) => family === 'name');
  if (named !== undefined) return `${label} (the host name ${named.host})`;
  return `${label} (IPv${type === RRType.A ? 6 : 4} alone)`;
}

/** What TXT leaves out of the instances' metadata; '' where that is nothing. */
export function textNote(answering: readonly LeasedInstance[]): string {
  const tooLong: string[] = [];
  const repeated: string[] = [];
  /** Of instances that were registered alike there is one. */
  let last: Instance['metadata'] | undefined;
  let metadata: ShownMetadata | undefined;
  for (const { instance } of answering) {
    if (instance.metadata.size === 0) continue;
    if (metadata === undefined || instance.metadata !== last) metadata = metadataTexts(instance.metadata);
    last = instance.metadata;
    for (const key of metadata.tooLong) tooLong.push(`${key} of ${instance.label}`);
    for (const key of metadata.repeated) repeated.push(`${key} of ${instance.label}`);
  }
  return (
    leftOut(tooLong, 'over 255 octets with the key') + leftOut(repeated, 'whose key differs from another in case alone')
  );
}

function leftOut(pairs: readonly string[], why: string): string {
  if (pairs.length === 0) return '';
  const named = pairs.slice(0, namedMax).join(', ');
  return `; left out ${pairs.length} of the metadata, ${why}: ${named}${pairs.length > namedMax ? ', ...' : ''}`;
}
