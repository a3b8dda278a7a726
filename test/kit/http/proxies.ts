// nginx and HAProxy in front of an app of one rollcall, with the very text that `rollcall snippet` prints, and what
// comes back through them.

import { request } from 'node:http';
import { join } from 'node:path';
import { snippets } from '../../../src/cli/commands/snippet.ts';
import { type Program, start, startWhen } from '../process/program.ts';
import { freePort, removeScratch, scratch } from '../process/scratch.ts';

export interface RunningProxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Which app, of the rollcall at which port of 127.0.0.1. */
export interface ProxiedApp {
  readonly dnsPort: number;
  /** `web.prod.svc` */
  readonly app: string;
  /** For nginx, which reads no SRV. */
  readonly appPort?: number;
}

/** Status and body of one request over a connection of its own. */
export function getThrough(port: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.once('error', reject);
    call.end();
  });
}

export async function startNginx(proxied: ProxiedApp): Promise<RunningProxy> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  const conf = `
    worker_processes 1;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    pid nginx.pid;
    error_log stderr notice;
    events { worker_connections 256; }
    http {
      access_log off;
      ${temporary.join(' ')}
      ${snippet('nginx', proxied).replace('listen 127.0.0.1:8088;', `listen 127.0.0.1:${port};`)}
    }`;
  const directory = scratch({ conf });
  const program = start('nginx', ['-p', directory, '-c', join(directory, 'conf'), '-e', 'stderr', '-g', 'daemon off;']);
  return started('nginx', port, directory, program, () => true);
}

/** The snippet as it is, at another port; up once requests come through. */
export async function startHaproxy(proxied: ProxiedApp): Promise<RunningProxy> {
  const port = await freePort();
  const conf = `
global
  log stderr local0 err
${snippet('haproxy', proxied).replace('bind 127.0.0.1:8089', `bind 127.0.0.1:${port}`)}`;
  const directory = scratch({ conf });
  const program = start('haproxy', ['-f', join(directory, 'conf'), '-db']);
  return started('HAProxy', port, directory, program, (status) => status === 200);
}

/** The text for the app, as it is printed. */
function snippet(program: string, { dnsPort, app, appPort = 80 }: ProxiedApp): string {
  const dns = { host: '127.0.0.1', port: dnsPort };
  return snippets.get(program)?.text({ dns, domains: ['svc'], app, appPort }) ?? '';
}

async function started(
  name: string,
  port: number,
  directory: string,
  program: Program,
  isUp: (status: number) => boolean,
): Promise<RunningProxy> {
  await startWhen(name, program, () =>
    getThrough(port).then(
      ({ status }) => isUp(status),
      () => false,
    ),
  );
  return {
    port,
    async stop() {
      await program.stop('SIGTERM', 3000);
      removeScratch(directory);
    },
  };
}
