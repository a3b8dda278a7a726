// The servers that are compared, each with the same names on a port of its own: started, waited for, stopped by the
// process we hold. A program that the machine lacks is left out and named.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { addressOf, appCount, nameOf } from './names.ts';

export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, '../..');

export async function startRollcall(folder: string, port: number): Promise<Server> {
  const httpPort = port + 1;
  const flags = [
    '--http',
    `127.0.0.1:${httpPort}`,
    '--dns',
    `127.0.0.1:${port}`,
    '--data',
    'none',
    '--log-level',
    'warn',
  ];
  const server = await started('rollcall (dgram)', process.execPath, ['src/main.ts', 'serve', ...flags], port, root);
  for (let index = 0; index < appCount; index++) {
    const path = `/api/v1/apps/prod/app${index}/app${index}-1`;
    await put(httpPort, path, JSON.stringify({ addrs: [`http://${addressOf(index)}:8080`], leaseSeconds: 3600 }));
  }
  // Ten instances each, for the answers that have to be encoded.
  for (let index = 0; index < 10; index++) {
    await put(
      httpPort,
      `/api/v1/apps/prod/ten/ten-${index}`,
      JSON.stringify({ addrs: [`http://10.2.0.${index + 1}:8080`], leaseSeconds: 3600 }),
    );
  }
  mkdirSync(folder, { recursive: true });
  return server;
}

/** Without the rest of rollcall: the handler, its answers and the batched sockets in one thread. */
export function startBatched(port: number): Promise<Server> {
  const path = join(import.meta.dirname, 'batched-server.ts');
  return started('rollcall (batched)', process.execPath, [path, String(port)], port, root);
}

export function startDns2(_folder: string, port: number): Promise<Server> {
  return started(
    'dns2 stock server',
    process.execPath,
    [join(import.meta.dirname, 'dns2-server.ts'), String(port)],
    port,
    root,
  );
}

export function startNsd(folder: string, port: number): Promise<Server | undefined> {
  const lines = [
    'server:',
    ` ip-address: 127.0.0.1@${port}`,
    ' server-count: 1',
    ' username: ""',
    ' rrl-ratelimit: 0',
    ` zonesdir: "${folder}"`,
  ];
  lines.push(
    ' database: ""',
    ` pidfile: "${folder}/pid"`,
    ` xfrdfile: "${folder}/xfrd"`,
    ` zonelistfile: "${folder}/list"`,
  );
  lines.push('remote-control:', ' control-enable: no', 'zone:', ' name: svc', ' zonefile: svc.zone', '');
  return withZone(folder, lines.join('\n'), (conf) => started('NSD', 'nsd', ['-d', '-c', conf], port, folder));
}

export function startKnot(folder: string, port: number): Promise<Server | undefined> {
  const lines = [
    'server:',
    `    listen: 127.0.0.1@${port}`,
    `    rundir: "${folder}"`,
    '    udp-workers: 1',
    '    tcp-workers: 1',
  ];
  lines.push(
    'database:',
    `    storage: "${folder}"`,
    'zone:',
    '  - domain: svc.',
    `    file: "${folder}/svc.zone"`,
    '',
  );
  return withZone(folder, lines.join('\n'), (conf) => started('Knot', 'knotd', ['-c', conf], port, folder));
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

async function withZone(folder: string, conf: string, start: (path: string) => Promise<Server>): Promise<Server> {
  mkdirSync(folder, { recursive: true });
  const records = ['$TTL 5', '@ 3600 IN SOA ns hostmaster 1 3600 600 86400 5', '@ IN NS ns', 'ns IN A 127.0.0.1'];
  for (let index = 0; index < appCount; index++) records.push(`${nameOf(index)}. IN A ${addressOf(index)}`);
  writeFileSync(join(folder, 'svc.zone'), `${records.join('\n')}\n`);
  const path = join(folder, 'server.conf');
  writeFileSync(path, conf);
  return start(path);
}

async function started(name: string, program: string, args: string[], port: number, cwd: string): Promise<Server> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  for (let attempt = 0; !answers(port); attempt++) {
    if (attempt === 100 || child.exitCode !== null) throw new Error(`${name} does not answer on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { name, pid: child.pid as number, port, stop: () => stopped(child) };
}

function answers(port: number): boolean {
  const asked = spawnSync(
    'dig',
    ['@127.0.0.1', '-p', String(port), '+time=1', '+tries=1', '+noall', '+comments', 'svc', 'SOA'],
    { encoding: 'utf8' },
  );
  // SERVFAIL is the answer of one that is not ready.
  return asked.stdout.includes('status: NOERROR');
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function put(port: number, path: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = request({ host: '127.0.0.1', port, path, method: 'PUT', headers }, (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 201 ? resolve() : reject(new Error(`PUT ${path}: ${response.statusCode}`)),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}
