// What TLS handshakes do to DNS: the latency of an honest client over UDP without them, and while a thousand full handshakes
// a second are offered to the HTTPS port, and to the port of DNS over TLS. The bar: p99 at most twice that of the run
// without. Offered is not done: client and server share the cores, and what cannot be taken waits or is refused. Where both cores
// are busy every program waits for its turn, so there are two controls in the same run: the same handshakes offered to nginx
// beside rollcall's DNS, and Knot's DNS, which is asked at the same time.
//   node_modules/.bin/node test/bench/handshakes.ts [SECONDS] [ROUNDS]

import { join } from 'node:path';
import { connect } from 'node:tls';
import { Authority } from '../kit/http/certificates.ts';
import { installed } from '../kit/process/installed.ts';
import { output, type Program, start } from '../kit/process/program.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';
import { measureBeside } from './beside.ts';
import { appOf } from './names.ts';
import { startKnot } from './rivals.ts';

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

/** One that does nothing but handshakes: full ones, with the same certificate, in one process. */
async function startNginx(cert: string, key: string): Promise<Program & { readonly port: number }> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  const conf = `
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid nginx.pid;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${cert};
        ssl_certificate_key ${key};
        ssl_session_tickets off;
        ssl_protocols TLSv1.2 TLSv1.3;
      }
    }`;
  const directory = scratch({ conf });
  const nginx = start('nginx', ['-p', directory, '-c', join(directory, 'conf'), '-e', 'stderr', '-g', 'daemon off;']);
  const isUp = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(true));
      socket.once('error', () => resolve(false)).once('secureConnect', () => socket.destroy());
    });
  await until('nginx', isUp);
  return Object.assign(nginx, { port });
}

async function main(seconds: number, rounds: number): Promise<void> {
  const authority = await Authority.create();
  const { cert, key } = await authority.sign('server');
  const env = { ROLLCALL_TLS_CERT: cert, ROLLCALL_TLS_KEY: key, ROLLCALL_DNS_TLS: '127.0.0.1:0' };
  const server = await startServer({ data: 'none', env });
  const body = JSON.stringify({ addrs: ['http://10.0.0.7:80'], leaseSeconds: 3600 });
  const path = `https://127.0.0.1:${server.httpPort}/api/v1/apps/prod/orders/a1`;
  await output('curl', ['-sfk', '-X', 'PUT', path, '-H', 'content-type: application/json', '-d', body]);
  const nginx = installed('nginx') ? await startNginx(cert, key) : undefined;
  const knot = await startKnot(scratch(), 10);
  const asked = [{ port: server.dnsPort, name: 'orders.prod.svc.' }];
  if (knot !== undefined) asked.push({ port: knot.port, name: `${appOf(1)}.prod.svc.` });
  const at = (what: string, port: number) => ({ what, begin: (lasts: number) => offeredTo(port, lasts) });
  const [dnsTls] = server.dnsTlsListens;
  const loads = [
    { what: 'nothing' },
    at('HTTPS of rollcall', server.httpPort),
    ...(dnsTls === undefined ? [] : [at('DNS over TLS of rollcall', dnsTls.port)]),
    ...(nginx === undefined ? [] : [at('nginx', nginx.port)]),
  ];
  await measureBeside(asked, loads, { seconds, rounds, head: `${perSecond} handshakes a second offered to` });
  await knot?.stop();
  await nginx?.stop('SIGTERM');
  await server.stop();
}

/** How many were done a second. */
async function offeredTo(port: number, seconds: number): Promise<number> {
  const { out } = await start(process.execPath, [import.meta.filename, 'offer', String(port), String(seconds)]).ended;
  return (JSON.parse(out) as { readonly done: number }).done / seconds;
}

if (process.argv[2] === 'offer') offer(Number(process.argv[3]), Number(process.argv[4]));
else await main(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 3));
