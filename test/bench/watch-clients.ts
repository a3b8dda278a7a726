// Many clients in a process of its own, for test/bench/watchers.ts: watches and long polls of prod/orders on plain
// sockets. Messages name what to open; it reports when all are open, and for every revision when the last of them has received it.

import { connect, type Socket } from 'node:net';

interface Order {
  readonly port: number;
  readonly watches: number;
  readonly polls: number;
}

/** How many connections are opened at the same time. */
const openingMax = 200;

process.once('message', (order: Order) => void run(order));
process.once('disconnect', () => process.exit(0));

async function run({ port, watches, polls }: Order): Promise<void> {
  const heard = new Map<number, { count: number; firstMs: number; lastMs: number }>();
  const note = (revision: number): void => {
    const nowMs = Number(process.hrtime.bigint()) / 1e6;
    const entry = heard.get(revision) ?? { count: 0, firstMs: nowMs, lastMs: nowMs };
    heard.set(revision, entry);
    entry.count++;
    entry.lastMs = nowMs;
    if (entry.count === watches) process.send?.({ revision, ...entry });
  };
  let closed = 0;
  let answered = 0;
  const paths = [
    ...Array.from({ length: watches }, () => '/api/v1/watch?app=prod/orders'),
    ...Array.from({ length: polls }, () => '/api/v1/apps/prod/orders?wait=5m'),
  ];
  for (let at = 0; at < paths.length; at += openingMax) {
    const some = paths.slice(at, at + openingMax);
    await Promise.all(
      some.map(async (path, i) => {
        const isWatch = at + i < watches;
        const socket = connect({ host: '127.0.0.1', port });
        socket.setEncoding('latin1').on('error', () => {});
        socket.on('close', () => closed++);
        socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
        if (isWatch) await synced(socket, note);
        else {
          socket.on('data', () => answered++);
          await new Promise((resolve) => socket.once('connect', resolve));
        }
      }),
    );
  }
  process.send?.({ open: paths.length });
  process.on('message', () => process.send?.({ closed, answered }));
}

/** Resolves when the watch has begun; then notes every change that it hears. */
function synced(socket: Socket, note: (revision: number) => void): Promise<void> {
  return new Promise((resolve) => {
    socket.on('data', (text) => {
      if (String(text).includes('event: synced')) resolve();
      for (const [, id] of String(text).matchAll(/^id: (\d+)\nevent: (?:registered|updated|cancelled)$/gm))
        note(Number(id));
    });
  });
}
