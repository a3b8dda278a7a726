// Directories that live as long as a test file, and ports that were free a moment ago.

import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atWorkerEnd } from './worker-end.ts';

/** Path below the directory -> text. */
export type Files = Readonly<Record<string, string>>;

const directories = new Set<string>();

const removeAll = (): void => {
  // A program that was just killed may have written a last file meanwhile.
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
};

/** A new directory with these files. It goes when the process ends, or before, by `removeScratch`. */
export function scratch(files: Files = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  directories.add(directory);
  atWorkerEnd(removeAll);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

export function removeScratch(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

/** Below the ports that systems give out by themselves: those of a moment ago are the next server's or connection's. */
const ownPorts = { first: 12_000, count: 20_000 } as const;

/** A port that is free for TCP and UDP: for programs that cannot report which one they got. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = ownPorts.first + Math.floor(Math.random() * ownPorts.count);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port on ${host}`);
}

/** Whether it is free for TCP and UDP. */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await listenOnce(port, host)) !== undefined && (await isFreeForUdp(port, host));
}

/** The port, closed again; undefined: it is in use. */
function listenOnce(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const { port: got } = server.address() as { port: number };
      server.close(() => resolve(got));
    });
  });
}

function isFreeForUdp(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
