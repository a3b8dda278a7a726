// Which instances a caller means: by status, version, zone, group, tag and port. Text compares without regard to
// ASCII case, because the same selectors are DNS labels (`eu-1a._zone.orders.prod.svc`) and DNS folds case.

import type { Instance } from '../instance.ts';
import type { Status } from '../status.ts';
import { foldAscii } from '../text.ts';

/** Every field given must match; `tag` may be given several times and then all must be there. */
export interface Selection {
  readonly status?: Status;
  readonly version?: string;
  readonly zone?: string;
  readonly group?: string;
  readonly tags?: readonly string[];
  /** A port name. */
  readonly port?: string;
}

export function isSelected(instance: Instance, selection: Selection): boolean {
  const { status, version, zone, group, tags, port } = selection;
  if (status !== undefined && instance.status !== status) return false;
  if (version !== undefined && !isSameText(instance.version, version)) return false;
  if (zone !== undefined && !isSameText(instance.zone, zone)) return false;
  if (group !== undefined && !isSameText(instance.group, group)) return false;
  if (tags !== undefined && !tags.every((tag) => instance.tags.some((own) => isSameText(own, tag)))) return false;
  return port === undefined || instance.addrs.some((address) => address.portName === foldAscii(port));
}

export function isSameText(a: string, b: string): boolean {
  return a === b || (a.length === b.length && foldAscii(a) === foldAscii(b));
}
