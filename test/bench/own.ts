// rollcall itself, in each way to run its DNS side, with the names registered over HTTP as services would.

import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { addressOf, appOf } from './names.ts';
import { type Server, started } from './started.ts';

export interface Variant {
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Each with one thread that answers, as the others have. */
export const variants: readonly Variant[] = [{ name: 'rollcall' }];

export interface OwnServer extends Server {
  readonly httpPort: number;
}

const root = join(import.meta.dirname, '../..');
const connections = 4;
/** Requests under way on one connection. */
const window = 64;

export async function startOwn(variant: Variant, parent: string, port: number, data = 'none'): Promise<OwnServer> {
  const folder = join(parent, 'rollcall');
  mkdirSync(folder, { recursive: true });
  const httpPort = port + 1;
  const limits = { ROLLCALL_INSTANCES_MAX: '2000000', ROLLCALL_APPS_MAX: '2000000' };
  const server = await started({
    name: variant.name,
    program: process.execPath,
    args: [
      join(root, 'src/main.ts'),
      'serve',
      ...['--http', `127.0.0.1:${httpPort}`, '--dns', `127.0.0.1:${port}`, '--zones', join(root, 'zones')],
      ...['--data', data, '--log-level', 'warn'],
    ],
    port,
    cwd: folder,
    env: { ...process.env, ...limits, ...variant.env },
  });
  return { ...server, httpPort };
}

/** Registers instance `one` of each app, or `perApp` of them; resolves when all are answered. */
export async function registerNames(httpPort: number, count: number, perApp = 1, leaseSeconds = 86_400): Promise<void> {
  const share = Math.ceil(count / connections);
  const each = (from: number) => registerRange(httpPort, from, Math.min(from + share, count), perApp, leaseSeconds);
  await Promise.all(Array.from({ length: connections }, (_, i) => each(i * share)));
}

function registerRange(port: number, from: number, to: number, perApp: number, leaseSeconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = from;
    let answered = from;
    let rest = '';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const send = () => {
      let text = '';
      while (next < to && next - answered < window) text += requestOf(next++, perApp, leaseSeconds);
      if (text !== '') socket.write(text);
    };
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('connect', send);
    socket.on('data', (text: string) => {
      const heard = rest + text;
      const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)];
      const refused = statuses.find(([, status]) => status !== '201');
      if (refused !== undefined) reject(new Error(`a registration was answered ${refused[1]}`));
      rest = heard.slice(-12).replace(/HTTP\/1\.1 \d+/, '');
      answered += statuses.length;
      if (answered < to) send();
      else socket.end(resolve);
    });
  });
}

function requestOf(index: number, perApp: number, leaseSeconds: number): string {
  const [app, instance] = perApp === 1 ? [index, 'one'] : [Math.floor(index / perApp), `one-${index}`];
  const body = `{"addrs":["http://${addressOf(index)}:8080"],"leaseSeconds":${leaseSeconds}}`;
  const head = `PUT /api/v1/apps/prod/${appOf(app)}/${instance} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
