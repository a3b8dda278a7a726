// Where settings are written: the YAML file, ROLLCALL_* variables, flags. This file only finds what was given and
// where; whether a value makes sense is decided in values.ts. Names that mean nothing are problems, because a
// mistyped setting that is ignored in silence is found in production.
// Limits: one YAML document, a mapping at its top; no includes, no nesting but groups of settings. No message repeats a value here: the
// mistyped name may be that of a secret.

import { type Document, isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';
import { readYaml, type YamlFault } from '../runtime/yaml-document.ts';
import { didYouMean } from './did-you-mean.ts';
import { environmentNameOf, flagNameOf, isSettingKey, type SettingKey, settingKeys } from './settings.ts';

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Called at start only, at most twice; blocking is fine. */
export type ReadFile = (path: string) => FileText;

/** Values of the flags by setting key, as the command line had them; `config` is the path of the file. */
export type Flags = Readonly<Partial<Record<SettingKey | 'config', unknown>>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Given {
  readonly key: SettingKey;
  readonly raw: unknown;
  /** `rollcall.yaml:3`, `ROLLCALL_HTTP` or `--http`. */
  readonly source: string;
  /** How a message about the value begins: the source, and the setting where the source does not name it. */
  readonly subject: string;
}

export interface Found {
  readonly given: readonly Given[];
  readonly problems: readonly string[];
}

export const defaultConfigFile = 'rollcall.yaml';
const configVariable = 'ROLLCALL_CONFIG';
/** No settings: for the commands that talk to a server, and what `rollcall run` passes to a program, which may be a server. */
const otherVariables: readonly string[] = [
  'ROLLCALL_URL',
  'ROLLCALL_INSTANCE',
  'ROLLCALL_CA',
  'ROLLCALL_CLIENT_CERT',
  'ROLLCALL_CLIENT_KEY',
];

/** Everything given, weakest source first. */
export function findGiven(sources: { flags: Flags; env: Environment; readFile: ReadFile }): Found {
  const found = [fromUnit(sources.env), fromFile(sources), fromEnvironment(sources.env), fromFlags(sources.flags)];
  return { given: found.flatMap((one) => one.given), problems: found.flatMap((one) => one.problems) };
}

/** A systemd unit with StateDirectory= sets where data belongs; the working directory may be read-only then. */
function fromUnit({ STATE_DIRECTORY: directories = '' }: Environment): Found {
  const [raw = ''] = directories.split(':');
  if (!raw.startsWith('/')) return { given: [], problems: [] };
  return { given: [{ key: 'data', raw, source: 'STATE_DIRECTORY', subject: 'STATE_DIRECTORY' }], problems: [] };
}

function fromFile({ flags, env, readFile }: { flags: Flags; env: Environment; readFile: ReadFile }): Found {
  const explicit = typeof flags.config === 'string' ? flags.config : env[configVariable];
  const path = explicit ?? defaultConfigFile;
  const file = readFile(path);
  if (file.kind === 'missing' && explicit === undefined) return { given: [], problems: [] };
  if (file.kind === 'text') return fromYaml(file.text, path);
  const asker = explicit === undefined ? '' : `${typeof flags.config === 'string' ? '--config' : configVariable}: `;
  const reason = file.kind === 'missing' ? 'there is no such file' : file.reason;
  return { given: [], problems: [`${asker}cannot read ${JSON.stringify(path)}: ${reason}`] };
}

export function fromYaml(text: string, path: string): Found {
  const { document, faults, position } = readYaml(text);
  const at = (offset: number): string => `${path}:${position(offset).line}`;
  if (faults.length > 0) {
    const textOf = ({ message, isOurs }: YamlFault) => (isOurs ? message : withoutSource(message));
    return { given: [], problems: faults.map((fault) => `${at(fault.offset)}: ${textOf(fault)}`) };
  }
  if (document.contents === null) return { given: [], problems: [] };
  if (!isMap(document.contents)) {
    return { given: [], problems: [`${path}: the file must be a mapping, "setting: value" on each line`] };
  }
  const given: Given[] = [];
  const problems: string[] = [];
  for (const { pair, name } of flattened(merged(document.contents, document), document, '')) {
    const source = isScalar(pair.key) && pair.key.range ? at(pair.key.range[0]) : path;
    if (isSettingKey(name)) {
      const value = plainValue(pair, document);
      if (value === unusable) problems.push(`${source}: ${name}: the aliases in the value cannot be resolved`);
      else given.push({ key: name, raw: value, source, subject: `${source}: ${name}` });
    } else problems.push(`${source}: ${name}: unknown setting${didYouMean(name, settingKeys)}`);
  }
  return { given, problems };
}

/**
 * The pairs of a mapping, those of its merge keys first, so that its own come after them and win; of several merged
 * mappings the first wins. A merge key with another value stays as it is, an unknown setting.
 */
function merged(map: YAMLMap, document: Document.Parsed, around: readonly YAMLMap[] = []): Pair[] {
  const within = [...around, map];
  const others: Pair[] = [];
  const own: Pair[] = [];
  for (const pair of map.items) {
    const bases = isScalar(pair.key) && pair.key.source === '<<' ? mergedMaps(pair.value, document) : undefined;
    if (bases === undefined) own.push(pair);
    else for (const base of bases.reverse()) if (!within.includes(base)) others.push(...merged(base, document, within));
  }
  return [...others, ...own];
}

/** What a merge key names: one mapping, or a list of them; undefined: something else. */
function mergedMaps(value: unknown, document: Document.Parsed): YAMLMap[] | undefined {
  const node = isAlias(value) ? value.resolve(document) : value;
  if (isMap(node)) return [node];
  if (!isSeq(node)) return undefined;
  const items = node.items.map((item) => (isAlias(item) ? item.resolve(document) : item));
  return items.every((item) => isMap(item)) ? items : undefined;
}

/** Settings may be written in groups: `cluster: { etcd: { user: x } }` is `clusterEtcdUser: x`. */
const groups: readonly string[] = ['cluster', 'clusterEtcd'];

function flattened(
  pairs: readonly Pair[],
  document: Document.Parsed,
  group: string,
): { readonly pair: Pair; readonly name: string }[] {
  return pairs.flatMap((pair) => {
    const own = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : '(not a name)';
    const name = group === '' ? own : `${group}${own.charAt(0).toUpperCase()}${own.slice(1)}`;
    const node = isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
    const isGroup = groups.includes(name) && isMap(node);
    return isGroup ? flattened(merged(node, document), document, name) : [{ pair, name }];
  });
}

const unusable = Symbol('unusable');

/** The yaml package throws on an alias that unfolds too far; here that is one more wrong value. */
function plainValue(pair: Pair, document: Document.Parsed): unknown {
  const node = pair.value;
  if (node === null || typeof node !== 'object' || !('toJS' in node) || typeof node.toJS !== 'function') return node;
  try {
    return node.toJS(document);
  } catch {
    return unusable;
  }
}

/** Some syntax messages end with the text that was met, which may be a secret. */
function withoutSource(message: string): string {
  return message.replace(/:.*$/s, '');
}

function fromEnvironment(env: Environment): Found {
  const keyOf = new Map(settingKeys.map((key) => [environmentNameOf(key), key]));
  const given: Given[] = [];
  const problems: string[] = [];
  for (const [name, raw] of Object.entries(env)) {
    if (!name.startsWith('ROLLCALL_') || raw === undefined || name === configVariable || otherVariables.includes(name))
      continue;
    const key = keyOf.get(name);
    if (key !== undefined) given.push({ key, raw, source: name, subject: name });
    else if (!isServiceLink(name, raw)) problems.push(`${name}: unknown setting${didYouMean(name, keyOf.keys())}`);
  }
  return { given, problems };
}

/**
 * Kubernetes gives every container variables of the services around it: a service called `rollcall` or `rollcall-dns` makes
 * ROLLCALL_SERVICE_HOST, ROLLCALL_DNS_PORT=udp://10.1.2.3:53, ROLLCALL_PORT_7171_TCP_ADDR and so on. They are no settings.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(name)) return true;
  return /_PORT(_\d+_(TCP|UDP|SCTP))?$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value);
}

function fromFlags(flags: Flags): Found {
  const given: Given[] = [];
  for (const key of settingKeys) {
    const raw = flags[key];
    if (raw !== undefined) given.push({ key, raw, source: flagNameOf(key), subject: flagNameOf(key) });
  }
  return { given, problems: [] };
}
