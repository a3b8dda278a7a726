// An operator's hold of an instance that is not registered, as it is kept in etcd: the next registration of the
// instance gets it, at any node.

import { type Override, Status } from '../../model/status.ts';
import { FieldReader, parseJson } from './json-fields.ts';

const octetsMax = 4096;

export function holdText(override: Override): string {
  return JSON.stringify({ v: 1, ...override });
}

/** Undefined: it cannot be read. */
export function parseHold(value: Uint8Array): Override | undefined {
  const parsed = parseJson(value, octetsMax);
  if ('field' in parsed) return undefined;
  const problems: never[] = [];
  const reader = new FieldReader(parsed.json, '', problems);
  const until = reader.raw('until');
  const isUntil = until === 'unbounded' || (typeof until === 'number' && Number.isSafeInteger(until) && until >= 0);
  const override = {
    status: reader.oneOf('status', Status),
    by: reader.text('by', 512),
    reason: reader.has('reason') ? reader.text('reason', 512) : undefined,
  };
  return problems.length > 0 || !isUntil ? undefined : { ...override, until };
}
