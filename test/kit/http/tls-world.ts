// The HTTP plane with TLS on a port of its own, with certificates that the test has made; curl and openssl as clients.

import { execFile } from 'node:child_process';
import { httpTimeouts } from '../../../src/http/limits/limits.ts';
import { type ClientAuth, TlsCounts } from '../../../src/http/server/secure-connections.ts';
import { CertificateSource } from '../../../src/runtime/certificate.ts';
import { createWorld, type World, type WorldOptions } from './http-world.ts';

export interface TlsWorld extends World {
  readonly port: number;
  readonly certificate: CertificateSource;
  readonly handshakes: TlsCounts;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

export async function startTlsWorld(
  files: TlsFiles,
  clientAuth: ClientAuth = 'none',
  options: WorldOptions = {},
): Promise<TlsWorld> {
  const certificate = CertificateSource.open(files);
  if ('problem' in certificate) throw new Error(certificate.problem);
  const handshakes = new TlsCounts();
  const tls = { certificate, clientAuth, counts: handshakes };
  const deps = { timeouts: httpTimeouts, ...options.deps, tls };
  const world = createWorld({ ...options, realTimers: true, deps });
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = world.app.server.address() as { port: number };
  return { ...world, port, certificate, handshakes };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end, its input closed; a code other than 0 is no error. */
export function ran(program: string, args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 30_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, out, err });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
