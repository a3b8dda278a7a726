// What a node publishes about itself beside its session: how the others reach it, since when it runs, and the name and addresses
// at which it answers DNS.

import type { NodeDns } from '../../model/cluster-status.ts';
import type { Problem } from '../../model/problem.ts';
import { FieldReader, parseJson } from '../records/json-fields.ts';
import type { NodeInfo } from './nodes-table.ts';

const octetsMax = 4096;
const addressesMax = 16;

export function nodeText(info: NodeInfo): string {
  const { url, version, startedAtMs: startedAt, dns } = info;
  return JSON.stringify({ v: 1, url, version, startedAt, ...(dns === undefined ? {} : { dns }) });
}

export function parseNode(value: Uint8Array): NodeInfo | Problem[] {
  const parsed = parseJson(value, octetsMax);
  if ('field' in parsed) return [parsed];
  const problems: Problem[] = [];
  const reader = new FieldReader(parsed.json, '', problems);
  const url = reader.text('url', 512);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    problems.push({ field: 'url', message: 'must be an http or https URL', value: url });
  const fields = { url, version: reader.text('version', 64), startedAtMs: reader.wallMs('startedAt') };
  const dns = reader.has('dns') ? dnsOf(reader.raw('dns'), problems) : undefined;
  const info: NodeInfo = { ...fields, dns };
  return problems.length > 0 ? problems : info;
}

/** Names and addresses are held to their forms where they become records. */
function dnsOf(value: unknown, problems: Problem[]): NodeDns {
  const reader = new FieldReader(value, 'dns', problems);
  const list: unknown = reader.raw('addresses');
  const addresses = Array.isArray(list) ? list.filter((one) => typeof one === 'string').slice(0, addressesMax) : [];
  return { server: reader.text('server', 255), addresses };
}

/** How much a node owned when it died without a word. */
export function deadText(owned: number, atMs: number): string {
  return JSON.stringify({ v: 1, owned, at: atMs });
}

export function ownedOfDead(value: Uint8Array): number | undefined {
  const parsed = parseJson(value, octetsMax);
  if ('field' in parsed) return undefined;
  const problems: Problem[] = [];
  const owned = new FieldReader(parsed.json, '', problems).whole('owned', 0, Number.MAX_SAFE_INTEGER);
  return problems.length > 0 ? undefined : owned;
}
