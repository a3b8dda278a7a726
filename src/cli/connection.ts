// Which server a command talks to, and with which token: --url or ROLLCALL_URL, and a token from ROLLCALL_TOKEN or a file. There
// is no flag for the token itself: the arguments of a process are for all of the machine to see.
// A token file is a token alone, or the server's own file of "name token" lines, of which the first counts.

import type { Command } from 'commander';
import type { TlsOptions } from '../client/registry/http-request.ts';
import { registryAddress } from '../client/registry/registry-address.ts';
import { type CliParts, oneMore, type Typed, textOption, textOptions } from './command.ts';
import { type CommandFault, usageFault } from './fault.ts';

export const defaultUrl = 'http://127.0.0.1:7171';

export interface ServerConnection {
  /** Without a query or a user; its path is a proxy's prefix. */
  readonly url: URL;
  readonly token: string | undefined;
  /** For https. */
  readonly tls: TlsOptions;
  /** Which flag of this command names another one. */
  readonly flag: '--url' | '--registry';
}

export function addConnectionFlags(command: Command): Command {
  command.option('--url <url>', `where the HTTP API is (default: ROLLCALL_URL, else ${defaultUrl})`);
  return addTokenFlag(command);
}

/** For a command that may talk to any of several servers. */
export function addRegistryFlags(command: Command): Command {
  const meaning = `where the HTTP API is; may be given again, the others are tried in turn (default: ROLLCALL_URL, else ${defaultUrl})`;
  return addTokenFlag(command.option('--registry <url>', meaning, oneMore));
}

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

/** The connection, or in one sentence what is wrong with what was given. */
export function connectionOf(typed: Typed, parts: CliParts): ServerConnection | CommandFault {
  const flag = textOption(typed, 'url');
  const url = flag === undefined ? defaultUrlOf(parts) : urlOf(flag, '--url');
  if ('problem' in url) return url;
  const token = tokenOf(textOption(typed, 'tokenFile'), parts);
  if (typeof token === 'object') return token;
  const tls = tlsOf(typed, parts);
  return 'problem' in tls ? tls : { url, token, tls, flag: '--url' };
}

/** The connections that --registry names, each server once, in their order; the token is the same for all. */
export function registriesOf(typed: Typed, parts: CliParts): readonly ServerConnection[] | CommandFault {
  const token = tokenOf(textOption(typed, 'tokenFile'), parts);
  if (typeof token === 'object') return token;
  const tls = tlsOf(typed, parts);
  if ('problem' in tls) return tls;
  const given = textOptions(typed, 'registry').map((text) => urlOf(text, '--registry'));
  const byAddress = new Map<string, ServerConnection>();
  for (const url of given.length > 0 ? given : [defaultUrlOf(parts)]) {
    if ('problem' in url) return url;
    byAddress.set(addressOf({ url }), { url, token, tls, flag: '--registry' });
  }
  return [...byAddress.values()];
}

/** What the paths of the API are put behind. */
export function addressOf({ url }: Pick<ServerConnection, 'url'>): string {
  return registryAddress(url) as string;
}

function defaultUrlOf({ env }: CliParts): URL | CommandFault {
  return urlOf(env['ROLLCALL_URL'] || defaultUrl, 'ROLLCALL_URL');
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
