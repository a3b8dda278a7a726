// What `serve` prints on a terminal when it is ready: where it answers, and what to do next, in four lines that fit
// and can be copied (one more where it does not answer where commands ask). Elsewhere the log has it, as JSON.

import type { Config } from '../config/config.ts';
import type { CliParts } from './command.ts';
import { defaultUrl } from './connection.ts';
import { hostPortText } from './host-port.ts';
import { painter } from './terminal/style.ts';

interface Listener {
  readonly host: string;
  readonly port: number;
}

interface Listening {
  readonly http: readonly Listener[];
  readonly dns: readonly Listener[];
  /** Undefined: there is none. */
  readonly nacosGrpc?: readonly Listener[] | undefined;
}

export function startScreen(
  { http, dns, nacosGrpc = [] }: Listening,
  { origin, data }: Pick<Config, 'origin' | 'data'>,
  parts: Pick<CliParts, 'version' | 'env' | 'terminal'>,
): string {
  const paint = painter(parts);
  const [url, server] = [`http://${reachable(http[0])}`, reachable(dns[0])];
  // `npm start` puts nothing on the PATH.
  const rollcall = parts.env['npm_lifecycle_event'] === undefined ? 'rollcall' : 'npm run -s rollcall --';
  const at = server === '127.0.0.1:8053' ? '' : ` --server ${server}`;
  const kept = data === 'none' ? ', keeps nothing' : '';
  const zone = origin.replace(/\.$/, '');
  const lines = [
    ...(url === defaultUrl ? [] : [['first', `export ROLLCALL_URL=${url}`] as const]),
    ['add', `${rollcall} register prod/web/web-1 --addr http://127.0.0.1:80`],
    ['find', `${rollcall} resolve web.prod.${zone} SRV${at}`],
    ['look', `${rollcall} watch · console: ${url}/ · Ctrl-C stops`],
  ] as const;
  const grpc = nacosGrpc.length === 0 ? '' : `, gRPC of Nacos ${reachable(nacosGrpc[0])}`;
  const head = `rollcall ${parts.version}: HTTP ${url}, DNS ${server} for ${zone}${grpc}${kept}`;
  return `${paint('strong', head)}\n${lines.map(([name, text]) => `  ${paint('faint', name.padEnd(5))}  ${text}\n`).join('')}`;
}

/** As programs of this machine reach it. */
function reachable(listener: Listener | undefined): string {
  const { host, port } = listener ?? { host: '127.0.0.1', port: 0 };
  return hostPortText({ host: host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host, port });
}
