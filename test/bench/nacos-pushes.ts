// How long a change takes from its call to clients of Nacos that are subscribed: over gRPC and over UDP, some hundreds of clients
// at once, one change at a time. The clients are in this process, so what they read late counts as late.
// `node_modules/.bin/node test/bench/nacos-pushes.ts [clients] [changes]`

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { NacosClient } from '../kit/adapters/nacos-client.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { freePort } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';
import { printTable } from './table.ts';

const [clients = 200, changes = 100] = process.argv.slice(2).map(Number);
/** As a person would not notice. */
const barMs = 50;

const grpcPort = await freePort();
const server = await startServer({
  env: { ROLLCALL_ADAPTERS: 'nacos', ROLLCALL_NACOS_GRPC: `127.0.0.1:${grpcPort}` },
});
const api = new ApiClient(server.http);
const sockets: Socket[] = [];
const streams: NacosClient[] = [];
/** Of the change that is under way: when it began, and what is still awaited. */
let beganMs = 0;
let awaited = '';
const took: Record<'grpc' | 'udp', number[]> = { grpc: [], udp: [] };
const service = { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName: 'web' };

function heard(kind: 'grpc' | 'udp', text: string): void {
  if (text.includes(awaited)) took[kind].push(performance.now() - beganMs);
}

async function subscribeOverUdp(): Promise<void> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (datagram, from) => {
    const text = (datagram[0] === 0x1f ? gunzipSync(datagram) : datagram).toString();
    heard('udp', text);
    const { lastRefTime } = JSON.parse(text) as { lastRefTime: number };
    socket.send(JSON.stringify({ type: 'push-ack', lastRefTime, data: '' }), from.port, from.address);
  });
}

/** Clients list again each 10 s. */
async function listAll(): Promise<void> {
  for (const socket of sockets) {
    const query = `serviceName=web&udpPort=${socket.address().port}&clientIP=127.0.0.1`;
    await (await fetch(`${server.http}/nacos/v1/ns/instance/list?${query}`)).text();
  }
}

try {
  for (let at = 0; at < clients; at++) {
    await subscribeOverUdp();
    const stream = new NacosClient(grpcPort);
    streams.push(stream);
    await stream.setUp();
    stream.onPush = (body) => heard('grpc', JSON.stringify(body));
    await stream.request('SubscribeServiceRequest', { ...service, subscribe: true, clusters: '' });
  }
  let listedMs = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < changes; at++) {
    if (performance.now() - listedMs > 8000) {
      await listAll();
      listedMs = performance.now();
    }
    awaited = `10.1.${at >> 8}.${at & 255}`;
    const before = took.grpc.length + took.udp.length;
    beganMs = performance.now();
    await api.register('prod/web/a1', [`http://${awaited}:80`], {});
    for (let wait = 0; took.grpc.length + took.udp.length < before + 2 * clients && wait < 500; wait++) await sleep(2);
  }
  const rows = (['grpc', 'udp'] as const).map((kind) => {
    const sorted = took[kind].toSorted((a, b) => a - b);
    const at = (share: number) => `${(sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1)} ms`;
    const lost = clients * changes - sorted.length;
    return [kind === 'grpc' ? 'gRPC' : 'UDP', String(clients), at(0.5), at(0.99), String(lost), `${barMs} ms`];
  });
  printTable(['pushes over', 'clients', 'median', 'p99', 'lost', 'bar for p99'], rows);
} finally {
  for (const socket of sockets) socket.close();
  for (const stream of streams) stream.close();
  api.close();
  await server.stop();
}
