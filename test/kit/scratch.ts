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
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
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

/** A port that nobody holds, neither for TCP nor for UDP: for programs that cannot tell which one they got. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    const { port } = server.address() as { port: number };
    const free = await isFreeForUdp(port, host);
    await new Promise((resolve) => server.close(resolve));
    if (free) return port;
  }
  throw new Error(`no free port on ${host}`);
}

function isFreeForUdp(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, host, () => socket.close(() => resolve(true)));
  });
}
