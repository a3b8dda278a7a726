// `rollcall config`: the configuration in force as YAML that rollcall could read again, each line with a comment that
// has where its value came from. Secrets are printed as ***, which rollcall would refuse: the output is no backup.

import { parse, stringify } from 'yaml';
import type { Config, Origins } from '../config/config.ts';
import { factsOf, type SettingKey, settingKeys } from '../config/settings.ts';
import { formatListen } from '../config/values.ts';

export function printConfig(config: Config, origins: Origins): string {
  const lines = settingKeys.map((key) => ({ text: line(config, key), origin: origins[key] }));
  const width = Math.min(40, Math.max(...lines.map(({ text }) => text.length)));
  return lines.map(({ text, origin }) => `${text.padEnd(width)} # ${origin}\n`).join('');
}

/** The same for programs: each setting's value (null: not set; secrets as ***) and where it came from. */
export function configDocument(config: Config, origins: Origins): Readonly<Record<string, unknown>> {
  const rows = settingKeys.map((key) => {
    const read: Readonly<Record<string, unknown>> | null = parse(line(config, key));
    return [key, { value: read?.[key] ?? null, from: origins[key] }] as const;
  });
  return Object.fromEntries(rows);
}

function line(config: Config, key: SettingKey): string {
  // Settings of a cluster are refused where there is none.
  if (key.startsWith('cluster') && config.clusterName === '') return `# ${key}: not set`;
  switch (key) {
    case 'http':
    case 'dns':
    case 'dnsTls':
      return `${key}: ${JSON.stringify(config[key].map(formatListen))}`;
    case 'nacosGrpc':
      return config.nacosGrpc === undefined
        ? '# nacosGrpc: not set'
        : `nacosGrpc: ${JSON.stringify(config.nacosGrpc.map(formatListen))}`;
    case 'nameServer':
      return config.nameServer === undefined ? '# nameServer: not set' : `nameServer: ${scalar(config.nameServer)}`;
    case 'nameServerAddresses':
    case 'checkNetworks':
    case 'trustedProxies':
    case 'adapters':
    case 'dnsAllow':
    case 'clusterEtcdEndpoints':
    case 'clusterPeers':
    case 'dnsAllowZones':
    case 'rrlExempt':
      return `${key}: ${JSON.stringify(config[key])}`;
    case 'clusterListen':
      return `clusterListen: ${scalar(formatListen(config.clusterListen))}`;
    case 'data':
      return `data: ${scalar(config.data ?? 'none')}`;
    case 'tokens':
      return `tokens: ${JSON.stringify(config.tokens.map(({ name }) => ({ name, token: '***' })))}`;
    case 'tokenFile':
    case 'tlsCert':
    case 'tlsKey':
    case 'tlsClientCa': {
      const path = config[key];
      return path === undefined ? `# ${key}: not set` : `${key}: ${scalar(path)}`;
    }
    case 'anonymousRights': {
      const rights = config.anonymousRights;
      if (rights === undefined) return '# anonymousRights: not set';
      return `anonymousRights: ${rights.length === 0 ? 'none' : JSON.stringify(rights)}`;
    }
    case 'cookieSecret':
      return config.cookieSecret === undefined ? '# cookieSecret: not set' : "cookieSecret: '***'";
    case 'dnsThreads':
      return config.dnsThreads === undefined ? '# dnsThreads: not set' : `dnsThreads: ${config.dnsThreads}`;
    default:
      return `${key}: ${scalar(config[key])}`;
  }
}

function scalar(value: string | number | boolean): string {
  return typeof value === 'string' && /[\n\r]/.test(value)
    ? JSON.stringify(value)
    : stringify(value, { lineWidth: 0 }).trim();
}

/** Every setting as a commented line of YAML with its default, for `rollcall config --help`. */
export function settingsTable(): string {
  const rows = settingKeys.map((key) => {
    const { default: fallback, unit, minimum, maximum, description } = factsOf(key);
    const limits = unit === undefined ? '' : `, ${minimum}..${maximum} ${unit}`;
    return {
      yaml: `${key}: ${fallback === undefined ? '' : JSON.stringify(fallback)}`,
      comment: `${description}${limits}`,
    };
  });
  const width = Math.min(yamlColumnsMax, Math.max(...rows.map(({ yaml }) => yaml.length)));
  return rows
    .flatMap(({ yaml, comment }) => {
      const isLong = yaml.length > width;
      const comments = wrapped(comment, columnsMax - width - 6).map(
        (part, index) => `  ${(index === 0 && !isLong ? yaml : '').padEnd(width)}  # ${part}\n`,
      );
      return isLong ? [`  ${yaml.replace(': ', ':\n    ')}\n`, ...comments] : comments;
    })
    .join('');
}

/** What --help may fill of a window. */
const columnsMax = 120;
/** A longer default has a line to itself. */
const yamlColumnsMax = 48;

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
