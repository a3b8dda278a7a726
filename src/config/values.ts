// From what was written (text from the environment or a flag, a YAML value from the file) to the value the program
// uses, or to sentences with the fault. Text and YAML take the same way: "90" and 90 are one lease.
// Limits: no I/O; whether an address can be bound or a directory exists is found out by those who use it.

import { BlockList, isIP, isIPv4 } from 'node:net';
import Value from 'typebox/value';
import { AdapterName } from '../model/adapters.ts';
import { parseIpv4, parseIpv6, unusableReason } from '../model/ip.ts';
import type { Listen } from '../model/listen.ts';
import { parseEnv } from '../model/names.ts';
import { Right } from '../model/principal.ts';
import { factsOf, logLevels, type SettingKey, settingsSchema } from './settings.ts';
import { readTokens } from './tokens.ts';

export type Outcome = { readonly value: unknown } | { readonly problems: readonly string[] };

/** How the value of each setting is read; those that are not here are whole numbers. */
const readers: Readonly<Partial<Record<SettingKey, (raw: unknown) => Outcome>>> = {
  http: readListens,
  dns: readListens,
  nacosGrpc: (raw) => (isNone(raw) ? { value: [] } : readListens(raw)),
  dnsTls: (raw) => (isNone(raw) ? { value: [] } : readListens(raw)),
  origin: readOrigin,
  clusterName: readNodeName,
  clusterNode: readNodeName,
  clusterListen: readOneListen,
  clusterAdvertise: readUrl,
  clusterEtcdEndpoints: readUrls,
  clusterPeers: readPeers,
  clusterMode: (raw) => readWord('clusterMode', raw),
  clusterDrainCertainty: (raw) => readWord('clusterDrainCertainty', raw),
  clusterTokenFile: (raw) => (raw === '' ? { value: '' } : readPath(raw)),
  clusterEtcdCa: (raw) => (raw === '' ? { value: '' } : readPath(raw)),
  clusterEtcdCert: (raw) => (raw === '' ? { value: '' } : readPath(raw)),
  clusterEtcdKey: (raw) => (raw === '' ? { value: '' } : readPath(raw)),
  clusterEtcdPasswordFile: (raw) => (raw === '' ? { value: '' } : readPath(raw)),
  clusterEtcdUser: readWords,
  clusterSkydns: readMirrorPrefix,
  clusterPrefix: readClusterPrefix,
  nameServer: readHostName,
  nameServerAddresses: readAddresses,
  zones: readPath,
  services: readPath,
  tokenFile: readPath,
  tlsCert: readPath,
  tlsKey: readPath,
  tlsClientCa: readPath,
  data: (raw) => (raw === 'none' ? { value: undefined } : readPath(raw)),
  tokens: readTokens,
  checkNetworks: (raw) => readNetworks(raw, 'networks'),
  dnsAllow: (raw) => readNetworks(raw, 'networks'),
  rrlExempt: (raw) => (isNone(raw) ? { value: [] } : readNetworks(raw, 'networks')),
  dnsAllowZones: readZoneRules,
  trustedProxies: (raw) => readNetworks(raw, 'addresses and networks'),
  adapters: readAdapters,
  anonymousRights: readRights,
  adapterEnv: readEnv,
  consulDomain: (raw) => (raw === '' ? { value: '' } : readOrigin(raw)),
  publicUrl: readUrl,
  dnsTransport: (raw) => readWord('dnsTransport', raw),
  dnsCookies: (raw) => readWord('dnsCookies', raw),
  dnsDenied: (raw) => readWord('dnsDenied', raw),
  queryStatistics: (raw) => readWord('queryStatistics', raw),
  tlsClientAuth: (raw) => readWord('tlsClientAuth', raw),
  insecure: readSwitch,
  clusterPlainHttp: readSwitch,
  plainHttp: readSwitch,
  fsync: readSwitch,
  logLevel: readLogLevel,
  serverId: readWords,
  serverVersion: readWords,
  cookieSecret: readSecret,
};

/** Problems are phrased to follow "SOURCE: ". */
export function readValue(key: SettingKey, raw: unknown): Outcome {
  const isEmpty = raw === undefined || raw === null || raw === '';
  if (isEmpty && factsOf(key).default !== '') return problem('has no value; set one or remove it');
  const read = readers[key];
  return read === undefined ? readWhole(key, raw) : read(raw);
}

function problem(text: string): Outcome {
  return { problems: [text] };
}

/** The value as a message repeats it: short, quoted if it is text, and never what is inside a list or mapping. */
function printable(raw: unknown): string {
  if (Array.isArray(raw)) return 'a list';
  if (typeof raw === 'object' && raw !== null) return 'a mapping';
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

function readWhole(key: SettingKey, raw: unknown): Outcome {
  const facts = factsOf(key);
  const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
  if (Value.Check(settingsSchema.properties[key], value)) return { value };
  return problem(`${printable(raw)} is not a whole number from ${facts.minimum} to ${facts.maximum} (${facts.unit})`);
}

function readSwitch(raw: unknown): Outcome {
  if (raw === true || raw === 'true' || raw === '1') return { value: true };
  if (raw === false || raw === 'false' || raw === '0') return { value: false };
  return problem(`${printable(raw)} is neither true nor false`);
}

type WordKey =
  | `dns${'Transport' | 'Cookies' | 'Denied'}`
  | `cluster${'Mode' | 'DrainCertainty'}`
  | 'queryStatistics'
  | 'tlsClientAuth';

/** One of a few words. */
function readWord(key: WordKey, raw: unknown): Outcome {
  const hasOff = key === 'dnsCookies' || key === 'queryStatistics';
  // YAML 1.1 habits: a bare on and off may have become true and false.
  const value = !hasOff || typeof raw !== 'boolean' ? raw : raw ? 'on' : 'off';
  if (Value.Check(settingsSchema.properties[key], value)) return { value };
  return problem(`${printable(raw)} is none of ${settingsSchema.properties[key].enum.join(', ')}`);
}

function readLogLevel(raw: unknown): Outcome {
  if (Value.Check(settingsSchema.properties.logLevel, raw)) return { value: raw };
  return problem(`${printable(raw)} is none of ${logLevels.join(', ')}`);
}

/** The registry of a cluster; with a final slash. */
function readClusterPrefix(raw: unknown): Outcome {
  if (raw === '') return { value: raw };
  const isPrefix = typeof raw === 'string' && /^(\/[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?){1,8}\/?$/.test(raw);
  if (isPrefix) return { value: raw.endsWith('/') ? raw : `${raw}/` };
  return problem(`${printable(raw)} is not a path of lower-case words such as /rollcall/main/`);
}

/** Keys of its own: not among those of the registry. */
function readMirrorPrefix(raw: unknown): Outcome {
  const isPrefix = typeof raw === 'string' && /^(\/[a-z0-9][a-z0-9_-]{0,62}){1,4}$/.test(raw);
  if (raw === '' || (isPrefix && !/^\/rollcall(\/|$)/.test(raw))) return { value: raw };
  return problem(`${printable(raw)} is not a path of lower-case words such as /skydns, outside of /rollcall`);
}

/** What goes into one character-string of DNS (RFC 1035 §3.3.14), with room for the rest of an OPT. */
function readWords(raw: unknown): Outcome {
  if (typeof raw === 'number')
    return problem(`${printable(raw)} is a number, and 1.10 would be 1.1: write the text in quotes`);
  const text = raw ?? '';
  if (typeof text === 'string' && /^[ -~]{0,100}$/.test(text)) return { value: text };
  return problem(`${printable(raw)} is not a text of at most 100 printable ASCII characters`);
}

/** Never repeated in a message. */
function readSecret(raw: unknown): Outcome {
  if (typeof raw === 'string' && /^[0-9a-fA-F]{32}$/.test(raw)) return { value: raw.toLowerCase() };
  return problem('is not a key of 32 hexadecimal digits (write it in quotes)');
}

function readPath(raw: unknown): Outcome {
  if (typeof raw === 'string' && !raw.includes('\0')) return { value: raw };
  return problem(`${printable(raw)} is not a path`);
}

/** Names of nodes and clusters go into keys of etcd. */
function readNodeName(raw: unknown): Outcome {
  const text = typeof raw === 'number' ? String(raw) : raw;
  if (text === '' || text === undefined || text === null) return { value: '' };
  if (typeof text === 'string' && /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text)) return { value: text };
  return problem(`${printable(raw)} is not a name of 1 to 63 of a-z 0-9 . -, with a letter or digit at both ends`);
}

function readOneListen(raw: unknown): Outcome {
  const outcome = readListens(raw);
  if ('problems' in outcome) return outcome;
  const listens = outcome.value as Listen[];
  return listens.length === 1 ? { value: listens[0] } : problem(`lists ${listens.length} addresses, one is allowed`);
}

function readUrls(raw: unknown): Outcome {
  const texts = typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw.flatMap(splitItem) : [raw];
  const outcomes = texts.map((text) => readUrl(typeof text === 'string' ? text.trim() : text));
  const problems = outcomes.flatMap((one) => ('problems' in one ? one.problems : []));
  if (texts.length > 16) problems.push(`lists ${texts.length} members, at most 16 are allowed`);
  return problems.length > 0 ? { problems } : { value: outcomes.flatMap((one) => ('value' in one ? [one.value] : [])) };
}

const nameAndPort =
  /^(?=.{1,253}:)(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.?:[1-9]\d{0,4}$/i;

/** URLs, or one name with its port. */
function readPeers(raw: unknown): Outcome {
  const texts = typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw.flatMap(splitItem) : [raw];
  const [only] = texts;
  if (texts.length !== 1 || (typeof only === 'string' && only.includes('://')))
    return texts.length === 0 ? { value: [] } : readUrls(raw);
  const isName = typeof only === 'string' && nameAndPort.test(only.trim());
  if (isName) return { value: [only.trim().toLowerCase()] };
  return problem(`${printable(only)} is neither a URL such as http://10.0.0.6:7172 nor a name with its port`);
}

/** A prefix may follow the port; replies append their paths to it. */
function readUrl(raw: unknown): Outcome {
  if (raw === '' || raw === undefined || raw === null) return { value: '' };
  const url = typeof raw === 'string' && URL.canParse(raw) ? new URL(raw) : undefined;
  const isPlain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === '';
  // It is put between single quotes of a shell.
  if (!isPlain || /['\s]/.test(url.href))
    return problem(`${printable(raw)} is not a URL such as https://rollcall.example.org`);
  return { value: url.href.replace(/\/+$/, '') };
}
const networksMax = 1000;

/** `169.254.10.0/24`, several with commas between or as a list; a single address where those are taken as well. */
function readNetworks(raw: unknown, what: 'networks' | 'addresses and networks'): Outcome {
  const texts = listOf(raw);
  const isRight = (text: string) => isNetwork(text) || (what !== 'networks' && isIP(text) !== 0);
  const wrong = texts.filter((text) => typeof text !== 'string' || !isRight(text.trim()));
  if (texts.length > networksMax) return problem(`lists ${texts.length} networks, at most ${networksMax} are allowed`);
  if (wrong.length === 0) return { value: texts.map((text) => String(text).trim()) };
  const form = what === 'networks' ? 'a network' : 'an address or a network';
  return { problems: wrong.map((text) => `${printable(text)} is not ${form} such as 169.254.10.0/24 or fd00::/8`) };
}

function listOf(raw: unknown): unknown[] {
  return typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw.flatMap(splitItem) : [raw];
}

function readAdapters(raw: unknown): Outcome {
  const names = listOf(raw).map((text) => (typeof text === 'string' ? text.trim().toLowerCase() : text));
  const wrong = names.filter((name) => !(AdapterName as readonly unknown[]).includes(name));
  if (wrong.length === 0) return { value: [...new Set(names)] };
  return { problems: wrong.map((name) => `${printable(name)} is not an adapter: there are ${AdapterName.join(', ')}`) };
}

function readRights(raw: unknown): Outcome {
  if (isNone(raw)) return { value: [] };
  const words = listOf(raw).map((text) => (typeof text === 'string' ? text.trim().toLowerCase() : text));
  const wrong = words.filter((word) => !(Right as readonly unknown[]).includes(word));
  if (wrong.length === 0) return { value: [...new Set(words)] };
  return { problems: wrong.map((word) => `${printable(word)} is not a right: there are ${Right.join(', ')}`) };
}

function readEnv(raw: unknown): Outcome {
  const env = parseEnv(typeof raw === 'string' ? raw : '');
  return typeof env === 'string' ? { value: env } : problem(`${printable(raw)} is no env: it ${env.message}`);
}

/** A list that is empty on purpose. */
function isNone(raw: unknown): boolean {
  return raw === 'none' || (Array.isArray(raw) && raw.length === 0);
}

/** The bits of a small integer: see dns/server/zone-access.ts. */
const zonesWithRulesMax = 30;

/** `prod.svc.=10.1.0.0/16`, several with commas between or as a list. */
function readZoneRules(raw: unknown): Outcome {
  const texts = typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw.flatMap(splitItem) : [raw];
  if (texts.length > networksMax) return problem(`lists ${texts.length} networks, at most ${networksMax} are allowed`);
  const rules: string[] = [];
  const problems: string[] = [];
  for (const text of texts) {
    const [, zone = '', network = ''] =
      /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(typeof text === 'string' ? text : '') ?? [];
    const name = zone === '' ? undefined : readOrigin(zone);
    if (name === undefined || !isNetwork(network))
      problems.push(`${printable(text)} is not a zone and a network such as prod.svc.=10.1.0.0/16`);
    else if ('problems' in name) problems.push(...name.problems);
    else rules.push(`${String(name.value)}=${network}`);
  }
  const zones = new Set(rules.map((rule) => rule.slice(0, rule.indexOf('='))));
  if (zones.size > zonesWithRulesMax)
    problems.push(`names ${zones.size} zones, at most ${zonesWithRulesMax} are allowed`);
  return problems.length > 0 ? { problems } : { value: rules };
}

function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bitsMax = isIPv4(address) ? 32 : 128;
  return isIP(address) !== 0 && Number(bits) <= bitsMax;
}

/** An absolute domain name of letter-digit-hyphen labels (RFC 1123 §2.1), made canonical: lower case, final dot. */
function readOrigin(raw: unknown): Outcome {
  if (typeof raw !== 'string') return problem(`${printable(raw)} is not a domain name`);
  const name = raw.toLowerCase().replace(/\.$/, '');
  if (name === '') return problem(`${printable(raw)} is the DNS root; name a domain of your own, such as svc.`);
  const problems: string[] = [];
  for (const label of name.split('.')) {
    const why = labelFault(label);
    if (why !== undefined) problems.push(`${printable(raw)}: label ${printable(label)} ${why}`);
  }
  // One octet before each label and the root's make the wire form two octets longer than the text without final dot.
  if (name.length + 2 > originOctetsMax) {
    problems.push(
      `${printable(raw)} leaves no room for names below it: ${name.length + 2} of at most ${originOctetsMax} octets`,
    );
  }
  return problems.length > 0 ? { problems } : { value: `${name}.` };
}

/** Half of the 255 octets of RFC 1035 §2.3.4: the other half is for instance, app and env. */
const originOctetsMax = 127;

function labelFault(label: string): string | undefined {
  if (label === '') return 'is empty';
  if (label.length > 63) return `has ${label.length} octets, at most 63 are allowed`;
  if (/\P{ASCII}/u.test(label)) return 'is not ASCII; write its xn-- form';
  if (!/^[a-z0-9-]+$/.test(label)) return 'may only hold letters, digits and hyphens';
  return label.startsWith('-') || label.endsWith('-') ? 'must not begin or end with a hyphen' : undefined;
}

function readHostName(raw: unknown): Outcome {
  const text = typeof raw === 'string' ? raw.trim().toLowerCase().replace(/\.$/, '') : raw;
  if (typeof text !== 'string') return problem(`${printable(raw)} is not a host name`);
  const fault = text
    .split('.')
    .map(labelFault)
    .find((one) => one !== undefined);
  if (fault !== undefined) return problem(`${printable(raw)} is not a host name: a label ${fault}`);
  if (text.length > hostNameOctetsMax) return problem(`${printable(raw)} is longer than a host name may be`);
  if (/(?:^|\.)\d+$/.test(text))
    return problem(`${printable(raw)} is not a host name: it ends in a number (addresses: nameServerAddresses)`);
  return { value: `${text}.` };
}

/** 255 on the wire, with a length in front and the root at the end. */
const hostNameOctetsMax = 253;

/** A name server's. An address of many hosts, or of none, cannot be queried; loopback can, in a test. */
function readAddresses(raw: unknown): Outcome {
  const texts = typeof raw === 'string' ? raw.split(',') : Array.isArray(raw) ? raw.flatMap(splitItem) : [raw];
  const addresses = texts.map((text) => (typeof text === 'string' ? text.trim() : text));
  const problems: string[] = [];
  if (addresses.length > 16) problems.push(`lists ${addresses.length} addresses, at most 16 are allowed`);
  for (const address of addresses) {
    const octets = typeof address === 'string' ? (parseIpv4(address) ?? parseIpv6(address)) : undefined;
    if (octets === undefined) problems.push(`${printable(address)} is not an IP address`);
    else {
      const fault = unusableReason(octets.length === 4 ? 4 : 6, octets);
      if (fault !== undefined) problems.push(`${printable(address)} ${fault}`);
    }
  }
  return problems.length > 0 ? { problems } : { value: addresses };
}

function readListens(raw: unknown): Outcome {
  const texts = listOf(raw);
  const listens: Listen[] = [];
  const problems: string[] = [];
  if (texts.length === 0) problems.push('is an empty list; name at least one host:port');
  if (texts.length > 16) problems.push(`lists ${texts.length} addresses, at most 16 are allowed`);
  for (const text of texts) {
    const listen = readListen(text);
    if (typeof listen === 'string') problems.push(listen);
    else if (listen.port > 0 && listens.some((other) => formatListen(other) === formatListen(listen))) {
      problems.push(`names ${formatListen(listen)} twice`);
    } else listens.push(listen);
  }
  return problems.length > 0 ? { problems } : { value: listens };
}

function splitItem(item: unknown): unknown[] {
  return typeof item === 'string' ? item.split(',') : [item];
}

function readListen(raw: unknown): Listen | string {
  const text = typeof raw === 'string' ? raw.trim() : raw;
  const parts = typeof text === 'string' ? /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,9})$/.exec(text) : null;
  if (parts === null) return `${printable(text)} is not host:port; write it like 127.0.0.1:7171 or [::1]:7171`;
  const port = Number(parts[3]);
  if (port > 65_535) return `${printable(text)}: the port must be 0-65535, received ${parts[3]}`;
  if (parts[1] !== undefined) {
    if (isIP(parts[1]) === 6) return { host: parts[1].toLowerCase(), port };
    return `${printable(text)}: ${printable(parts[1])} is not an IPv6 address`;
  }
  const host = parts[2] ?? '';
  if (host.toLowerCase() === 'localhost') return { host: '127.0.0.1', port };
  if (isIPv4(host)) return { host, port };
  if (host === '' || host === '*') {
    return `${printable(text)}: write 0.0.0.0:${port} for every IPv4 address or [::]:${port} for every address`;
  }
  return `${printable(text)}: ${printable(host)} is not an address of this machine; write an IP address or localhost`;
}

export function formatListen({ host, port }: Listen): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback({ host }: Listen): boolean {
  const [address = ''] = host.split('%');
  return loopback.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
