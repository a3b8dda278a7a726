// Which server a command talks to, and with which token: --url or ROLLCALL_URL, and a token from ROLLCALL_TOKEN or a file.
// Several URLs are nodes of one cluster: the next one is asked where one does not answer. There is no flag for the token itself: the arguments of a process are for all of the machine to see.
// A token file is a token alone, or the server's own file of "name token" lines, of which the first counts.

import type { Command } from 'commander';
import type { TlsOptions } from '../client/registry/http-request.ts';
import { registryAddress } from '../client/registry/registry-address.ts';
import { type CliParts, oneMore, type Typed, textOption, textOptions } from './command.ts';
import { type CommandFault, usageFault } from './fault.ts';

export const defaultUrl = 'http://127.0.0.1:7171';

export interface ServerConnection {
  /** At least one, asked in turn. Without a query or a user; the path of one is a proxy's prefix. */
  readonly urls: readonly URL[];
  readonly token: string | undefined;
  /** For https. */
  readonly tls: TlsOptions;
  /** Which flag of this command names another one. */
  readonly flag: '--url' | '--registry';
}

export function addConnectionFlags(command: Command): Command {
  return addTokenFlag(command.option('--url <url>', urlMeaning, oneMore));
}

/** As --url, for a command that has had this name for it. */
export function addRegistryFlags(command: Command): Command {
  return addTokenFlag(command.option('--registry <url>', urlMeaning, oneMore));
}

const urlMeaning = `where the HTTP API is; again for each other node of a cluster, tried in turn (default: ROLLCALL_URL, with commas between several, else ${defaultUrl})`;

function addTokenFlag(command: Command): Command {
  const meaning = 'file with the token (default: ROLLCALL_TOKEN, else ROLLCALL_TOKEN_FILE)';
  return command
    .option('--token-file <file>', meaning)
    .option(
      '--ca <file>',
      'authorities that sign the server certificate, PEM (default: ROLLCALL_CA, else the usual ones)',
    )
    .option('--client-cert <file>', 'certificate to show the server, PEM (default: ROLLCALL_CLIENT_CERT)')
    .option('--client-key <file>', 'private key of it, PEM (default: ROLLCALL_CLIENT_KEY)');
}

/** The connection, or in one sentence what is wrong with what was given; each server once, in their order. */
export function connectionOf(
  typed: Typed,
  parts: CliParts,
  flag: ServerConnection['flag'] = '--url',
): ServerConnection | CommandFault {
  const token = tokenOf(textOption(typed, 'tokenFile'), parts);
  if (typeof token === 'object') return token;
  const tls = tlsOf(typed, parts);
  if ('problem' in tls) return tls;
  const given = textOptions(typed, flag.slice(2));
  const texts = given.length > 0 ? given : (parts.env['ROLLCALL_URL'] || defaultUrl).split(',');
  const byAddress = new Map<string, URL>();
  for (const text of texts) {
    const url = urlOf(text.trim(), given.length > 0 ? flag : 'ROLLCALL_URL');
    if ('problem' in url) return url;
    byAddress.set(addressOf(url), url);
  }
  return { urls: [...byAddress.values()], token, tls, flag };
}

/** What the paths of the API are appended to, for each server. */
export function addressesOf({ urls }: Pick<ServerConnection, 'urls'>): readonly string[] {
  return urls.map(addressOf);
}

/** For messages: `A`, or `A, B or C`. */
export function addressText(connection: Pick<ServerConnection, 'urls'>): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(addressesOf(connection));
}

function addressOf(url: URL): string {
  return registryAddress(url) as string;
}

function urlOf(text: string, who: string): URL | CommandFault {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return usageFault(`${who}: ${JSON.stringify(text)} is not an http or https URL; write it like ${defaultUrl}`);
  }
  if (url.username !== '' || url.password !== '') {
    return usageFault(`${who}: a URL with a user or password is not used here; put the token into ROLLCALL_TOKEN`);
  }
  if (registryAddress(url) === undefined) {
    return usageFault(
      `${who}: ${JSON.stringify(text)} is not where the API begins; write ${url.origin}, behind a proxy with its prefix`,
    );
  }
  return url;
}

function tokenOf(flag: string | undefined, { env, readFile }: CliParts): string | undefined | CommandFault {
  const given = env['ROLLCALL_TOKEN'];
  if (flag === undefined && given !== undefined && given !== '') return checked(given.trim(), 'ROLLCALL_TOKEN');
  const path = flag ?? env['ROLLCALL_TOKEN_FILE'];
  if (path === undefined || path === '') return undefined;
  const who = flag === undefined ? 'ROLLCALL_TOKEN_FILE' : '--token-file';
  const file = readFile(path);
  if (file.kind !== 'text') {
    const why = file.kind === 'missing' ? 'there is no such file' : file.reason;
    return usageFault(`${who}: cannot read ${JSON.stringify(path)}: ${why}`);
  }
  const lines = file.text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const first = lines.map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#')) ?? '';
  return checked(/^[a-z0-9_-]{1,64}(?:\s*=\s*|\s+)(\S+)$/.exec(first)?.[1] ?? first, `${who}: ${path}`);
}

const tlsFiles = [
  { field: 'ca', option: 'ca', flag: '--ca', variable: 'ROLLCALL_CA' },
  { field: 'cert', option: 'clientCert', flag: '--client-cert', variable: 'ROLLCALL_CLIENT_CERT' },
  { field: 'key', option: 'clientKey', flag: '--client-key', variable: 'ROLLCALL_CLIENT_KEY' },
] as const;

function tlsOf(typed: Typed, { env, readFile }: CliParts): TlsOptions | CommandFault {
  const found: { ca?: string; cert?: string; key?: string } = {};
  for (const { field, option, flag, variable } of tlsFiles) {
    const typedPath = textOption(typed, option);
    const path = typedPath ?? env[variable];
    if (path === undefined || path === '') continue;
    const who = typedPath === undefined ? variable : flag;
    const file = readFile(path);
    if (file.kind !== 'text') {
      const why = file.kind === 'missing' ? 'there is no such file' : file.reason;
      return usageFault(`${who}: cannot read ${JSON.stringify(path)}: ${why}`);
    }
    if (!file.text.includes('-----BEGIN ')) return usageFault(`${who}: ${JSON.stringify(path)} holds nothing in PEM`);
    found[field] = file.text;
  }
  if ((found.cert === undefined) !== (found.key === undefined))
    return usageFault('--client-cert and --client-key belong together: only one of them is given');
  return found;
}

/** Checks that it fits into a header; the token itself is never printed. */
function checked(token: string, who: string): string | CommandFault {
  if (/^[!-~]{1,512}$/.test(token)) return token;
  return usageFault(`${who}: holds no token of at most 512 printable ASCII characters without blanks`);
}
