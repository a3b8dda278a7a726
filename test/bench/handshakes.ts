// What TLS handshakes do to DNS: the latency of an honest client over UDP without them, and while a thousand full handshakes
// a second are offered to the HTTPS port, and to the port of DNS over TLS. The bar: p99 at most twice that of the run
// without. Offered is not done: client and server share the cores, and what cannot be taken waits or is refused.
//   node_modules/.bin/node test/bench/handshakes.ts [SECONDS]

import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Authority } from '../kit/certificates.ts';
import { startProbe } from '../kit/dns-probe.ts';
import { output, start } from '../kit/program.ts';
import { type ServerProcess, startServer } from '../kit/server-process.ts';
import { printTable } from './table.ts';

const perSecond = 1000;
/** In each of so many turns a second; under way at once. */
const turnsPerSecond = 50;
const underWayMax = 2000;

/** Opens connections at a fixed rate, even while earlier ones fail or hang, and closes each when it is secure. */
function offer(port: number, seconds: number): void {
  const counts = { offered: 0, done: 0, failed: 0, skipped: 0 };
  let underWay = 0;
  const open = (): void => {
    counts.offered++;
    if (underWay >= underWayMax) {
      counts.skipped++;
      return;
    }
    underWay++;
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.once('secureConnect', () => {
      counts.done++;
      socket.destroy();
    });
    socket.once('error', () => {
      counts.failed++;
    });
    socket.once('close', () => {
      underWay--;
    });
  };
  let turns = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < perSecond / turnsPerSecond; count++) open();
    if (++turns < seconds * turnsPerSecond) return;
    clearInterval(timer);
    console.log(JSON.stringify(counts));
    process.exit(0);
  }, 1000 / turnsPerSecond);
}

interface Measured {
  readonly done: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly lost: number;
}

async function measure(server: ServerProcess, port: number | undefined, seconds: number): Promise<Measured> {
  const program =
    port === undefined
      ? undefined
      : start(process.execPath, [import.meta.filename, 'offer', String(port), String(seconds + 2)]);
  // Until it is at its rate.
  await sleep(1000);
  const probe = await startProbe(server.dnsPort, 'orders.prod.svc.');
  await sleep(1000 * seconds);
  const dns = await probe.stop();
  const ended = await program?.ended;
  const counts = ended === undefined ? { done: 0 } : (JSON.parse(ended.out) as { readonly done: number });
  return { ...dns, done: counts.done / (seconds + 2) };
}

async function main(seconds: number): Promise<void> {
  const authority = await Authority.create();
  const { cert, key } = await authority.sign('server');
  const env = { ROLLCALL_TLS_CERT: cert, ROLLCALL_TLS_KEY: key, ROLLCALL_DNS_TLS: '127.0.0.1:0' };
  const server = await startServer({ data: 'none', env });
  const body = JSON.stringify({ addrs: ['http://10.0.0.7:80'], leaseSeconds: 3600 });
  const path = `https://127.0.0.1:${server.httpPort}/api/v1/apps/prod/orders/a1`;
  await output('curl', ['-sfk', '-X', 'PUT', path, '-H', 'content-type: application/json', '-d', body]);
  const ports = { nothing: undefined, HTTPS: server.httpPort, 'DNS over TLS': server.dnsTlsListens[0]?.port };
  const rows: string[][] = [];
  let idleMs = Number.NaN;
  // The first time for nothing.
  await measure(server, undefined, 1);
  for (const [what, port] of Object.entries(ports)) {
    const { done, medianMs, p99Ms, longestMs, lost } = await measure(server, port, seconds);
    if (port === undefined) idleMs = p99Ms;
    const cells = [medianMs, p99Ms, longestMs, p99Ms / idleMs].map((value) => value.toFixed(2));
    rows.push([what, done.toFixed(0), ...cells, String(lost)]);
  }
  const head = [
    `${perSecond} handshakes a second offered to`,
    'done a second',
    'DNS p50 ms',
    'p99',
    'longest',
    'p99, nothing = 1',
    'lost',
  ];
  printTable(head, rows);
  await server.stop();
}

if (process.argv[2] === 'offer') offer(Number(process.argv[3]), Number(process.argv[4]));
else await main(Number(process.argv[2] ?? 5));
