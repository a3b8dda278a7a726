// Where a server started here would answer DNS, and for which origin: for commands that write or check configuration
// around it. They read the same settings as "serve" and start nothing.

import type { CliParts } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import type { CommandFault } from './fault.ts';
import type { HostPort } from './host-port.ts';

export interface ServerSettings {
  /** The first listener, as programs of this machine reach it. */
  readonly dns: HostPort;
  /** With the final dot. */
  readonly origin: string;
}

/** Reads `config`, else rollcall.yaml, and the environment. */
export async function serverSettings(
  config: string | undefined,
  { env, readFile }: Pick<CliParts, 'env' | 'readFile'>,
): Promise<ServerSettings | CommandFault> {
  const { resolveConfig } = await import('../config/config.ts');
  // The token is for calls to a server; no server takes it as a setting.
  const { ROLLCALL_TOKEN: _token, ROLLCALL_TOKEN_FILE: _file, ...others } = env;
  const resolved = resolveConfig({ flags: config === undefined ? {} : { config }, env: others, readFile });
  if ('problems' in resolved) return { problem: resolved.problems.join('\n'), code: exitCodes.failed };
  const [first] = resolved.config.dns;
  const { host, port } = first ?? { host: '127.0.0.1', port: 8053 };
  // A listener on every address is on the loopback address, too.
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { dns: { host: reachable, port: port === 0 ? 8053 : port }, origin: resolved.config.origin };
}
