// Clients that poll discovery's API in a process of their own, for test/bench/fronts.ts: each asks again as soon as it is answered,
// and notes when that was.

import { connect, type Socket } from 'node:net';

interface Order {
  readonly port: number;
  readonly pollers: number;
  readonly appid: string;
}

const arrivals: number[] = [];

process.on('message', (message: Order | 'report') => {
  if (message === 'report') process.send?.(arrivals);
  else void open(message);
});
process.once('disconnect', () => process.exit(0));

async function open({ port, pollers, appid }: Order): Promise<void> {
  await Promise.all(Array.from({ length: pollers }, (_, at) => poll(port, appid, at)));
  process.send?.('open');
}

/** Resolves when the first, immediate answer is there. */
function poll(port: number, appid: string, at: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let heard = '';
    let known = '0';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (text) => {
      heard += String(text);
      const head = heard.indexOf('\r\n\r\n');
      const length = Number(/\r\ncontent-length: (\d+)/.exec(heard)?.[1]);
      if (head < 0 || heard.length < head + 4 + length) return;
      const latest = /"latest_timestamp":(\d+)/.exec(heard)?.[1];
      heard = heard.slice(head + 4 + length);
      if (known === '0') resolve();
      else if (latest !== undefined) arrivals.push(Number(process.hrtime.bigint()) / 1e6);
      known = latest ?? known;
      ask(socket, appid, at, known);
    });
    ask(socket, appid, at, known);
  });
}

function ask(socket: Socket, appid: string, at: number, known: string): void {
  const query = `env=prod&appid=${appid}&hostname=p${at}&latest_timestamp=${known}`;
  socket.write(`GET /discovery/polls?${query} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
}
