// The keys of the cluster's registry in etcd, below its prefix. An instance's key holds its id in canonical spelling
// (lower case), with every octet that could be mistaken for structure or that a terminal could not show written %XX; the
// spelling that its registrant used is in the value. A key that is not written so is ignored: it would be a second one
// for the same instance.

import {
  type InstanceKey,
  instanceKey,
  parseAppid,
  parseEnv,
  parseInstanceId,
  parseInstanceKey,
} from '../../model/names.ts';

export type ClusterKey =
  | { readonly kind: 'meta' | 'serial' }
  | { readonly kind: 'node' | 'dead' | 'zone'; readonly node: string }
  /** `key.instance` is the canonical id. */
  | { readonly kind: 'instance' | 'tombstone' | 'hold'; readonly key: InstanceKey }
  | { readonly kind: 'label'; readonly env: string; readonly appid: string; readonly label: string };

export const metaKey = 'meta';
export const serialKey = 's';

const nodeForm = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/** A node's name: letters, digits, inner hyphens and dots, in lower case. */
export function isNodeName(text: string): boolean {
  return nodeForm.test(text);
}

export function nodeKey(node: string): string {
  return `n/${node}`;
}

export function deadNodeKey(node: string): string {
  return `d/${node}`;
}

export function zoneKey(node: string): string {
  return `z/${node}`;
}

export function instancePath({ env, appid, instance }: InstanceKey): string {
  return `i/${env}/${appid}/${encodeId(instance)}`;
}

export function tombstonePath({ env, appid, instance }: InstanceKey): string {
  return `g/${env}/${appid}/${encodeId(instance)}`;
}

/** Of an instance that is not registered. */
export function holdPath({ env, appid, instance }: InstanceKey): string {
  return `h/${env}/${appid}/${encodeId(instance)}`;
}

/** Of all labels that are not the id of their instance: claims, which are compared when they are made and not read otherwise. */
export const labelsPath = 'l/';

export function labelPath(env: string, appid: string, label: string): string {
  return `${labelsPath}${env}/${appid}/${label}`;
}

/** Nearly all: nothing in it needs a second look. */
const usualForm =
  /^([ighl])\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/;
const usualKinds = { i: 'instance', g: 'tombstone', h: 'hold', l: 'label' } as const;

/** What a key below the prefix is; undefined: none of ours, or not written as we write it. */
export function readKey(path: string): ClusterKey | undefined {
  const usual = usualForm.exec(path);
  if (usual !== null) {
    const [, letter, env, appid, last] = usual as unknown as [string, keyof typeof usualKinds, string, string, string];
    const kind = usualKinds[letter];
    if (kind === 'label') return { kind, env, appid, label: last };
    return { kind, key: { env, appid, instance: last } };
  }
  if (path === metaKey) return { kind: 'meta' };
  if (path === serialKey) return { kind: 'serial' };
  const [kind, ...parts] = path.split('/');
  if (kind === 'n' || kind === 'd' || kind === 'z') {
    const [node = '', ...more] = parts;
    return more.length > 0 || !isNodeName(node) ? undefined : { kind: nodeKinds[kind], node };
  }
  const [env = '', appid = '', last = '', ...more] = parts;
  if (more.length > 0) return undefined;
  if (kind === 'l') {
    const isOurs = parseEnv(env) === env && parseAppid(appid) === appid && parseEnv(last) === last;
    return isOurs ? { kind: 'label', env, appid, label: last } : undefined;
  }
  if (kind !== 'i' && kind !== 'g' && kind !== 'h') return undefined;
  const instance = decodeId(last);
  if (instance === undefined) return undefined;
  const key = parseInstanceKey(env, appid, instance);
  if ('length' in key) return undefined;
  const { of, is } = instanceKinds[kind];
  return of(key) === path ? { kind: is, key } : undefined;
}

const instanceKinds = {
  i: { of: instancePath, is: 'instance' },
  g: { of: tombstonePath, is: 'tombstone' },
  h: { of: holdPath, is: 'hold' },
} as const;
const nodeKinds = { n: 'node', d: 'dead', z: 'zone' } as const;

function encodeId(id: string): string {
  const canonical = instanceKey(id);
  if (/^[!-$&-.0-~]*$/.test(canonical)) return canonical;
  return Array.from(new TextEncoder().encode(canonical), (octet) => {
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x25 && octet !== 0x2f;
    return isPlain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

function decodeId(text: string): string | undefined {
  try {
    const id = decodeURIComponent(text);
    return typeof parseInstanceId(id) === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
