// An instance of Consul's, as `/v1/health/service/…` has it, in our fields: what rollcall's own front for Consul would make of
// its registration. The worst check decides: passing and warning are up, critical and maintenance waiting. A port has
// no scheme in Consul: `secure` in Meta or a tag gives it, otherwise it is `tcp`; a service without a port is `discard` (port 9).

import { limits } from '../../model/instance.ts';
import type { SourceInstance } from '../source.ts';
import {
  addressOf,
  fieldsOf,
  isSelectable,
  listOf,
  type SourceFields,
  selectorsIn,
  textOf,
  textsOf,
} from '../source.ts';

/** Port of RFC 863. */
const portOfNone = 9;
const schemes = ['https', 'http', 'grpc', 'tcp'];

/** The same id may be on several nodes: those have the node's name in front, as in rollcall's catalog. */
export function consulInstances(appName: string, entries: readonly unknown[]): readonly SourceInstance[] {
  const read = entries.map((entry) => fieldsOf(entry));
  const counts = new Map<string, number>();
  for (const entry of read) counts.set(idOf(entry), (counts.get(idOf(entry)) ?? 0) + 1);
  return read.map((entry) => {
    const id = idOf(entry);
    const node = textOf(fieldsOf(entry['Node'])['Node']);
    return consulInstance(appName, counts.get(id) === 1 ? id : `${node}/${id}`, entry);
  });
}

function idOf(entry: SourceFields): string {
  return textOf(fieldsOf(entry['Service'])['ID']);
}

function consulInstance(appName: string, instance: string, entry: SourceFields): SourceInstance {
  const service = fieldsOf(entry['Service']);
  const given = textOf(service['Address']);
  const host = given === '' ? textOf(fieldsOf(entry['Node'])['Address']) : given;
  const port = wholeOf(service['Port'], 0);
  const allTags = listOf(service['Tags']).filter((tag) => typeof tag === 'string');
  const tags = [...new Set(allTags.filter(isSelectable))].slice(0, limits.tags);
  const metadata = textsOf(service['Meta']);
  const weights = fieldsOf(service['Weights']);
  const statuses = listOf(entry['Checks']).map((check) => textOf(fieldsOf(check)['Status']));
  const isUp = statuses.every((status) => status === 'passing' || status === 'warning');
  const warning = wholeOf(weights['Warning'], 1);
  return {
    appName,
    instance,
    registration: {
      addrs: [addressOf(port === 0 ? 'discard' : schemeOf(metadata, allTags), host, port === 0 ? portOfNone : port)],
      status: isUp ? 'up' : 'waiting',
      tags,
      weight: Math.min(wholeOf(weights['Passing'], 1), limits.weight),
      metadata,
      ...selectorsIn(metadata, ['version', 'zone']),
    },
    content: {
      ...(host === '' ? {} : { address: host }),
      ...(port === 0 ? { hasNoPort: true } : {}),
      ...(tags.length === allTags.length ? {} : { tags: allTags }),
      ...(warning === 1 ? {} : { warningWeight: warning }),
    },
  };
}

function wholeOf(value: unknown, absent: number): number {
  return typeof value === 'number' && Number.isInteger(value) ? value : absent;
}

function schemeOf(metadata: Readonly<Record<string, string>>, tags: readonly string[]): string {
  if (metadata['secure'] === 'true') return 'https';
  if (metadata['secure'] === 'false') return 'http';
  return schemes.find((scheme) => tags.includes(scheme)) ?? 'tcp';
}
