// Names of Consul's DNS, read right to left below its domain: the datacenter where it is there, then what kind of name it
// is: `[TAG.]SERVICE.service`, `_SERVICE._TAG[.service]` (RFC 2782 in form; `_tcp` means no tag), `NODE.node` and
// `HEX.addr`. A service is an app of one env, and a tag its `_tag` selector; letters that no label of ours can have are
// folded as when a service is registered.

import { foldedAppName } from '../../../model/names.ts';
import type { RegistryView } from '../../../model/view.ts';
import { findServiceName, type LargeAppsView, longestApp, type NameScope } from './service-name.ts';

export type ConsulName =
  | { readonly kind: 'service'; readonly scope: NameScope; readonly isSrvAlone: boolean }
  /** `name`: folded; undefined: this server's. */
  | { readonly kind: 'node'; readonly name: string | undefined }
  /** Octets of an address that the name spells. */
  | { readonly kind: 'address'; readonly octets: Uint8Array }
  /** An empty non-terminal. */
  | { readonly kind: 'within' };

export interface ConsulNames {
  /** The datacenter. */
  readonly env: string;
  /** This server's. */
  readonly node: string;
  /** Those of the catalog. */
  readonly nodes: Pick<ReadonlyMap<string, unknown>, 'has'>;
  readonly view: RegistryView;
  readonly largeApps: LargeAppsView;
}

const within: ConsulName = { kind: 'within' };

/** `labels` are left of the domain, folded, one character per octet. Undefined: there is no such name. */
export function findConsulName(labels: readonly string[], names: ConsulNames): ConsulName | undefined {
  const rest = withoutDatacenter(labels, names.env);
  const kind = rest.at(-1);
  const inner = rest.slice(0, -1);
  if (kind === undefined) return within;
  if (kind === 'service')
    return inner.at(-1)?.startsWith('_') === true ? byProtocol(inner, names) : service(inner, names);
  if (kind === 'node') return node(inner, names);
  if (kind === 'addr') return spelled(inner);
  return kind.startsWith('_') ? byProtocol(rest, names) : undefined;
}

/** Labels of a node's name are not looked at one by one: it may have dots. */
function node(labels: readonly string[], { node: own, nodes }: ConsulNames): ConsulName | undefined {
  if (labels.length === 0) return within;
  const name = labels.join('.');
  if (name === own) return { kind: 'node', name: undefined };
  return nodes.has(name) ? { kind: 'node', name } : undefined;
}

/** `dc1` at the end, or `dc1.dc`. */
function withoutDatacenter(labels: readonly string[], env: string): readonly string[] {
  const last = labels.at(-1);
  if (last === env) return labels.slice(0, -1);
  return last === 'dc' && labels.at(-2) === env ? labels.slice(0, -2) : labels;
}

function service(labels: readonly string[], names: ConsulNames): ConsulName | undefined {
  if (labels.length === 0) return within;
  const { env, view, largeApps } = names;
  const folded = labels.map((label) => (label.includes('.') ? '' : foldedAppName(label)));
  const longest = longestApp([...folded, env], view);
  if (longest === 'within') return within;
  if (longest === undefined) return undefined;
  const tag = labels.slice(0, longest.at);
  const selectors = tag.length === 0 ? [] : [...tag, '_tag'];
  const found = findServiceName([...selectors, ...folded.slice(longest.at), env], view, largeApps);
  if (found === undefined) return undefined;
  return found.kind === 'within' ? within : { kind: 'service', scope: found.scope, isSrvAlone: false };
}

/** `_web._tcp`, `_web._blue`. */
function byProtocol(labels: readonly string[], names: ConsulNames): ConsulName | undefined {
  const [name, protocol] = labels.length === 1 ? [undefined, labels[0]] : labels;
  if (labels.length > 2 || protocol === undefined) return undefined;
  // Of which services have such a tag nothing is known: every label may be above a name that exists.
  if (name === undefined) return within;
  if (!name.startsWith('_') || name === '_') return undefined;
  const tag = protocol === '_tcp' || protocol === '_udp' ? [] : [protocol.slice(1)];
  const found = service([...tag, name.slice(1)], names);
  return found?.kind === 'service' ? { ...found, isSrvAlone: true } : undefined;
}

const ipv4Digits = 8;
const ipv6Digits = 32;

function spelled(labels: readonly string[]): ConsulName | undefined {
  const [hex = ''] = labels;
  if (labels.length === 0) return within;
  const isAddress =
    labels.length === 1 && /^[0-9a-f]+$/.test(hex) && (hex.length === ipv4Digits || hex.length === ipv6Digits);
  return isAddress ? { kind: 'address', octets: Uint8Array.from(Buffer.from(hex, 'hex')) } : undefined;
}

/** The label that spells an address. */
export function addressLabel(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
