// rollcall itself, in each way to run its DNS side, with the names registered over HTTP as services would.

import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { cleanEnvironment } from '../kit/process/program.ts';
import { addressOf, appOf } from './names.ts';
import { nextPort } from './ports.ts';
import { type Server, started } from './started.ts';

export interface Variant {
  readonly name: string;
  readonly transport: 'batched' | 'dgram';
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its inspector is open from the start: rollcall does not open it at SIGUSR1. */
  readonly inspected?: true;
}

/** As on Linux with koffi, with one thread that answers, as the others have. */
export const batched: Variant = { name: 'rollcall', transport: 'batched', env: { ROLLCALL_DNS_THREADS: '1' } };

/** In each way to take datagrams. */
export const variants: readonly Variant[] = [batched, { ...batched, name: 'rollcall (dgram)', transport: 'dgram' }];

export interface OwnServer extends Server {
  readonly httpPort: number;
  /** Where its inspector listens, of a variant that is inspected. */
  readonly inspectPort: number;
}

const root = join(import.meta.dirname, '../..');
const connections = 4;
/** Requests under way on one connection. */
const window = 64;

/** `data` is a folder, or `none`: nothing is kept. */
export async function startOwn(variant: Variant, parent: string, data = 'none'): Promise<OwnServer> {
  const folder = join(parent, 'rollcall');
  mkdirSync(folder, { recursive: true });
  const [port, httpPort, inspectPort] = [await nextPort(), await nextPort(), await nextPort()];
  // Only instances whose renewals are measured are renewed.
  const leases = { ROLLCALL_LEASE_SECONDS: '86400' };
  const limits = { ROLLCALL_INSTANCES_MAX: '2000000', ROLLCALL_APPS_MAX: '2000000' };
  const server = await started({
    name: variant.name,
    program: process.execPath,
    args: [
      ...(variant.inspected ? [`--inspect=127.0.0.1:${inspectPort}`] : []),
      join(root, 'src/main.ts'),
      'serve',
      ...['--http', `127.0.0.1:${httpPort}`, '--dns', `127.0.0.1:${port}`, '--zones', join(root, 'zones')],
      ...['--data', data, '--log-level', 'warn'],
    ],
    port,
    cwd: folder,
    env: cleanEnvironment({ ...leases, ...limits, ROLLCALL_DNS_TRANSPORT: variant.transport, ...variant.env }),
  });
  return { ...server, httpPort, inspectPort };
}

export interface Population {
  /** Numbers of the instances, `to` excluded. */
  readonly from?: number;
  readonly to: number;
  /** One, of that name, by default. */
  readonly perApp?: number;
  readonly leaseSeconds?: number;
}

/** Resolves when all are answered; none of them may be there already. */
export async function registerNames(httpPort: number, population: Population): Promise<void> {
  const { from = 0, to } = population;
  const share = Math.ceil((to - from) / connections);
  const starts = Array.from({ length: connections }, (_, i) => from + i * share).filter((start) => start < to);
  const each = (start: number) => ({ ...population, from: start, to: Math.min(start + share, to) });
  await Promise.all(starts.map((start) => registerRange(httpPort, each(start))));
}

function registerRange(port: number, population: Population & { readonly from: number }): Promise<void> {
  const { from, to } = population;
  return new Promise((resolve, reject) => {
    let next = from;
    let answered = from;
    let rest = '';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const send = () => {
      let text = '';
      while (next < to && next - answered < window) text += requestOf(next++, population);
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

/** The instance of that number: its app and its name there. */
export function placeOf(index: number, perApp = 1): { readonly appid: string; readonly instance: string } {
  if (perApp === 1) return { appid: appOf(index), instance: 'one' };
  return { appid: appOf(Math.floor(index / perApp)), instance: `one-${index}` };
}

function requestOf(index: number, { perApp, leaseSeconds = 86_400 }: Population): string {
  const { appid, instance } = placeOf(index, perApp);
  const body = `{"addrs":["http://${addressOf(index)}:8080"],"leaseSeconds":${leaseSeconds}}`;
  const head = `PUT /api/v1/apps/prod/${appid}/${instance} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
