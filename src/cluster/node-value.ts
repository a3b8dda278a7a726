// What a node publishes about itself beside its session: how the others reach it, and since when it runs.

import type { Problem } from '../model/problem.ts';
import { FieldReader, parseJson } from './json-fields.ts';
import type { NodeInfo } from './nodes-table.ts';

const octetsMax = 4096;

export function nodeText(info: NodeInfo): string {
  return JSON.stringify({ v: 1, url: info.url, version: info.version, startedAt: info.startedAtMs });
}

export function parseNode(value: Uint8Array): NodeInfo | Problem[] {
  const parsed = parseJson(value, octetsMax);
  if ('field' in parsed) return [parsed];
  const problems: Problem[] = [];
  const reader = new FieldReader(parsed.json, '', problems);
  const url = reader.text('url', 512);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    problems.push({ field: 'url', message: 'must be an http or https URL', value: url });
  const info = { url, version: reader.text('version', 64), startedAtMs: reader.wallMs('startedAt') };
  return problems.length > 0 ? problems : info;
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
