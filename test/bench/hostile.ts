// Mixed hostile load for as long as it is asked for, with honest clients beside it: nothing may crash, grow or get lost. Spoiled
// packets, costly questions of a large app with sizes that differ, connections that send an octet now and then or read
// nothing, garbage, wrong credentials and bodies that are too large; beside them an honest DNS client, instances that renew
// short leases, and a client that registers, changes and cancels, and knows what has to be there in the end.
// It ends with 1 where a question was lost or answered wrongly, a renewal or a write was refused, what is registered (before and
// after a restart) is not what was answered for, a fault was logged, or memory or descriptors have not come back. What is
// live on the heaps of all threads is taken at the beginning, half a minute into the load, and at the end.
//   node_modules/.bin/node test/bench/hostile.ts [SECONDS]

import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProbeResult, startProbe } from '../kit/dns/dns-probe.ts';
import { mutatedPackets, seededRandom } from '../kit/dns/mutated-packets.ts';
import { frame, packet, typeNumbers } from '../kit/dns/packet.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { main, type ServerProcess, startServer } from '../kit/process/server-process.ts';
import { liveHeapBytes } from './heap.ts';
import { nextPort } from './ports.ts';
import { residentBytes } from './resident.ts';
import { printTable } from './table.ts';

const seconds = Number(process.argv[2] ?? 600);
const seed = Number(process.argv[3] ?? 1);
const bigInstances = 2000;
const secret = 'the-own-secret-of-the-honest';
/** Rounds of a hostile client a second; each is small, so that the machine is busy and not stuck. */
const roundsPerSecond = 20;
const reportMs = 60_000;
/** Each renews three times a lease. */
const renewingInstances = 100;
const renewingLeaseSeconds = 30;
/** Growth that is no growth: what a heap of another size and full caches take. */
const growthMaxBytes = 150 * 1024 * 1024;
/** The same of what is live: caches, and the history of writes. */
const liveGrowthMaxBytes = 50 * 1024 * 1024;
const descriptorsMax = 40;
const rightsOf = { authorization: `Bearer ${secret}` };

const costly = [
  'big.prod.svc',
  '_why.big.prod.svc',
  'x._near.big.prod.svc',
  '_https._tcp.prod.svc',
  '10._version.big.prod.svc',
];

const calls: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/api/v1/apps/prod/big'],
  ['PUT', '/api/v1/apps/prod/orders/a1'],
  ['DELETE', '/api/v1/apps/prod/orders/a1'],
  ['POST', '/eureka/apps/ORDERS'],
  ['PUT', '/v1/agent/service/register'],
  ['POST', '/nacos/v1/ns/instance'],
  ['GET', '/api/v1/resolve?name=_why.big.prod.svc&type=TXT'],
  ['POST', '/api/v1/renew'],
  ['GET', '/metrics'],
];

const opened: Socket[] = [];

const random = seededRandom(seed);
const directory = scratch({
  'tokens.yaml': `- { name: honest, token: ${secret}, allow: [{ rights: [admin] }] }\n- { name: other, token: another-secret-of-nobody, allow: [{ rights: [read], env: none }] }\n`,
});
const inspectPort = await nextPort();
const open = () =>
  startServer({
    command: [process.execPath, `--inspect=127.0.0.1:${inspectPort}`, main, 'serve'],
    directory,
    data: join(directory, 'data'),
    args: ['--token-file', 'tokens.yaml'],
    env: { ROLLCALL_ADAPTERS: 'eureka,consul,nacos,discovery' },
  });
let server = await open();
let api = new ApiClient(server.http, 8);
const faults: string[] = [];
let isOver = false;

/** What has to be registered, as `app/instance` to its weight. */
const expected = new Map<string, number>();
const counts = { packets: 0, connections: 0, requests: 0, renewals: 0, writes: 0 };

for (let i = 0; i < bigInstances; i += 20)
  await Promise.all(
    Array.from({ length: 20 }, (_, k) => put(`big/i-${i + k}`, `10.9.${(i + k) >> 8}.${(i + k) & 255}`)),
  );
for (let i = 0; i < renewingInstances; i++)
  await put(`orders/a${i}`, `10.0.0.${i + 1}`, { leaseSeconds: renewingLeaseSeconds });

const startBytes = residentBytes(server.pid);
const startLiveBytes = await liveHeapBytes(inspectPort);
const startDescriptors = server.descriptors();
const rows: string[][] = [];
const work = [
  hostileRounds(spoiledPackets),
  hostileRounds(costlyQuestions),
  hostileRounds(slowConnections),
  hostileRounds(garbage),
  hostileRounds(wrongCalls),
  renewing(),
  writing(),
  reporting(server),
];
const loaded = liveUnderLoad();
await sleep(1000 * seconds);
isOver = true;
await Promise.all(work);
for (const socket of opened) socket.destroy();
// Leases of those that renew are not over yet; what is closed is let go.
await sleep(Math.min(10_000, 1000 * seconds));
await ended(await loaded);
printTable(['after s', 'resident MB', 'descriptors', 'DNS asked', 'lost', 'wrong', 'p50 ms', 'p99', 'longest'], rows);
console.log(JSON.stringify(counts));
for (const fault of faults) console.log(`FAULT: ${fault}`);
api.close();
removeScratch(directory);
process.exit(faults.length > 0 ? 1 : 0);

/** Memory and descriptors are back, and all that was answered for is there, before and after a restart. */
async function ended(loadedBytes: number): Promise<void> {
  const live = [startLiveBytes, loadedBytes, await liveHeapBytes(inspectPort)];
  console.log(`live MB at the start, under load, in the end: ${live.map(megabytes).join(', ')}`);
  const liveGrown = (live[2] as number) - loadedBytes;
  if (liveGrown > liveGrowthMaxBytes) faults.push(`what is live has grown by ${megabytes(liveGrown)} MB`);
  const grown = residentBytes(server.pid) - startBytes;
  if (grown > growthMaxBytes) faults.push(`memory has grown by ${megabytes(grown)} MB`);
  const more = server.descriptors() - startDescriptors;
  if (more > descriptorsMax) faults.push(`${more} descriptors more than before are open`);
  await compare('in the end');
  for (const { level, msg } of server.logs()) if (level >= 50) faults.push(`logged: ${msg}`);
  await server.kill();
  api.close();
  server = await open();
  api = new ApiClient(server.http, 8);
  await compare('after a kill and a restart');
  await server.stop();
}

async function compare(when: string): Promise<void> {
  for (const app of ['big', 'orders', 'moving']) {
    const { json, status } = await api.call('GET', `/api/v1/apps/prod/${app}`, { headers: rightsOf });
    if (status !== 200) faults.push(`${when}: ${app} is answered with ${status}`);
    const there = new Map(
      ((json['instances'] ?? []) as { readonly instance: string; readonly weight: number }[]).map((one) => [
        `${app}/${one.instance}`,
        one.weight,
      ]),
    );
    const wanted = new Map([...expected].filter(([path]) => path.startsWith(`${app}/`)));
    const wrong = [...new Set([...there.keys(), ...wanted.keys()])].filter(
      (path) => there.get(path) !== wanted.get(path),
    );
    if (wrong.length > 0) faults.push(`${when}: ${wrong.length} instances of ${app} are not as answered: ${wrong[0]}`);
  }
}

async function put(path: string, host: string, { weight = 10, leaseSeconds = 7200 } = {}): Promise<void> {
  const body = { addrs: [`https://${host}:8443`], weight, leaseSeconds, metadata: { team: 'x'.repeat(200) } };
  const reply = await api.call('PUT', `/api/v1/apps/prod/${path}`, { body, headers: rightsOf });
  if (reply.status >= 300) faults.push(`PUT ${path}: ${reply.status} ${reply.text.slice(0, 200)}`);
  else expected.set(path, weight);
}

async function hostileRounds(round: () => Promise<void> | void): Promise<void> {
  while (!isOver) {
    await round();
    await sleep(1000 / roundsPerSecond);
  }
}

async function renewing(): Promise<void> {
  const everyMs = (renewingLeaseSeconds * 1000) / 3 / renewingInstances;
  for (let i = 0; !isOver; i = (i + 1) % renewingInstances) {
    const reply = await api.call('PUT', `/api/v1/apps/prod/orders/a${i}/renew`, { headers: rightsOf });
    counts.renewals++;
    if (reply.status !== 200) faults.push(`renewal of a${i}: ${reply.status} ${reply.text.slice(0, 200)}`);
    await sleep(everyMs);
  }
}

/** What is live once all kinds of load have been there. */
async function liveUnderLoad(): Promise<number> {
  const endMs = performance.now() + 1000 * Math.min(300, seconds / 2);
  while (!isOver && performance.now() < endMs) await sleep(200);
  return await liveHeapBytes(inspectPort);
}

async function writing(): Promise<void> {
  for (let i = 0; !isOver; i++) {
    const path = `moving/m-${i % 50}`;
    if (i % 3 < 2) await put(path, `10.8.0.${i % 50}`, { weight: 1 + (i % 100) });
    else {
      const reply = await api.call('DELETE', `/api/v1/apps/prod/${path}`, { headers: rightsOf });
      if (reply.status === 200 || reply.status === 404) expected.delete(path);
      else faults.push(`DELETE ${path}: ${reply.status}`);
    }
    counts.writes++;
    await sleep(20);
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

/** An honest DNS client, and what the server takes, a minute at a time. */
async function reporting(of: ServerProcess): Promise<void> {
  const startMs = performance.now();
  while (!isOver) {
    const probe = await startProbe(of.dnsPort, 'orders.prod.svc.');
    const endMs = performance.now() + reportMs;
    while (!isOver && performance.now() < endMs) await sleep(200);
    const result: ProbeResult = await probe.stop();
    if (result.lost > 0) faults.push(`${result.lost} of ${result.asked} questions were lost`);
    if (result.wrong > 0) faults.push(`${result.wrong} of ${result.asked} answers were wrong`);
    const times = [result.medianMs, result.p99Ms, result.longestMs].map((ms) => ms.toFixed(2));
    const after = ((performance.now() - startMs) / 1000).toFixed(0);
    const { asked, lost, wrong } = result;
    rows.push([
      after,
      megabytes(residentBytes(of.pid)),
      ...[of.descriptors(), asked, lost, wrong].map(String),
      ...times,
    ]);
  }
}

async function spoiledPackets(): Promise<void> {
  const socket = createSocket('udp4').on('error', () => {});
  const packets = mutatedPackets(seed + counts.packets);
  for (let i = 0; i < 50; i++) {
    counts.packets++;
    socket.send(packets.next().value, server.dnsPort, '127.0.0.1');
  }
  await sleep(20);
  socket.close();
}

async function costlyQuestions(): Promise<void> {
  const socket = createSocket('udp4').on('error', () => {});
  const types = Object.values(typeNumbers);
  for (let i = 0; i < 10; i++) {
    counts.packets++;
    const name = costly[random(costly.length)] as string;
    const question = packet({
      id: random(65_536),
      name,
      type: types[random(types.length)] ?? 1,
      edns: { size: 512 + random(4000) },
    });
    socket.send(question, server.dnsPort, '127.0.0.1');
  }
  await sleep(20);
  socket.close();
}

/** None of the honest clients', whose connections would count with these. */
function hostileAddress(): string {
  return `127.66.0.${1 + random(4)}`;
}

/** Up to two hundred at a time, over DNS and HTTP: they send an octet a round, or ask for much and read nothing. */
function slowConnections(): void {
  const isDns = random(2) === 0;
  const port = isDns ? server.dnsPort : server.httpPort;
  const socket = connect({ port, host: '127.0.0.1', localAddress: hostileAddress() }).on('error', () => {});
  counts.connections++;
  socket.pause();
  const head = `GET /api/v1/apps/prod/big HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${secret}\r\n\r\n`;
  if (isDns) socket.write(random(2) === 0 ? Buffer.from([0]) : frame(packet({ name: 'big.prod.svc', type: 16 })));
  else socket.write(random(2) === 0 ? 'GET /api/v1/apps HTTP/1.1\r\nx: ' : head.repeat(5));
  opened.push(socket);
  const one = opened[random(opened.length)];
  if (one?.writable === true) one.write('a');
  if (opened.length > 200) opened.shift()?.destroy();
}

async function garbage(): Promise<void> {
  const octets = Buffer.from(Array.from({ length: 1 + random(2000) }, () => random(256)));
  const port = random(2) === 0 ? server.dnsPort : server.httpPort;
  const socket = connect({ port, host: '127.0.0.1', localAddress: hostileAddress() }).on('error', () => {});
  counts.connections++;
  socket.resume().end(octets);
  await sleep(20);
  socket.destroy();
}

/** Wrong secrets, a credential without the right, and bodies of all kinds; none may change anything. */
async function wrongCalls(): Promise<void> {
  const [method, path] = calls[random(calls.length)] as readonly [string, string];
  const who = [
    '',
    'Bearer wrong',
    `Bearer ${'x'.repeat(random(9000))}`,
    'Basic eDp5',
    'Bearer another-secret-of-nobody',
  ];
  const bodies = ['{}', '[', 'x'.repeat(100_000), `{"a":${'['.repeat(5000)}`, '{"__proto__":{"x":1}}', '\0'];
  const headers = { authorization: who[random(who.length)] as string, 'content-type': 'application/json' };
  const body = method === 'GET' ? {} : { body: bodies[random(bodies.length)] as string };
  counts.requests++;
  try {
    const signal = AbortSignal.timeout(5000);
    const reply = await fetch(`${server.http}${path}`, { method, headers, signal, ...body });
    await reply.arrayBuffer();
    const isOpen = reply.status < 400;
    if (isOpen) faults.push(`${method} ${path} was answered with ${reply.status}`);
  } catch {
    // Cut off: so it should be.
  }
}
