// Callers that hold blocking queries of Consul's API in a process of their own, for test/bench/fronts.ts: each asks again as
// soon as it is answered, and notes when that was.

import { connect, type Socket } from 'node:net';

interface Order {
  readonly port: number;
  readonly services: number;
  readonly perService: number;
}

const openingMax = 200;
/** By service and caller: when each change arrived. */
const arrivals: number[][][] = [];

process.on('message', (message: Order | 'report') => {
  if (message === 'report') process.send?.(arrivals);
  else void open(message);
});
process.once('disconnect', () => process.exit(0));

async function open({ port, services, perService }: Order): Promise<void> {
  for (let at = 0; at < services; at++) arrivals.push(Array.from({ length: perService }, () => []));
  const callers = arrivals.flatMap((ofService, at) => ofService.map((times) => ({ at, times })));
  for (let first = 0; first < callers.length; first += openingMax) {
    const some = callers.slice(first, first + openingMax);
    await Promise.all(some.map(({ at, times }) => hold(port, at, times)));
  }
  process.send?.('open');
}

/** Resolves when the first, immediate answer is there. */
function hold(port: number, at: number, times: number[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let heard = '';
    let isFirst = true;
    const answered = (index: string): void => {
      if (isFirst) resolve();
      else times.push(Number(process.hrtime.bigint()) / 1e6);
      isFirst = false;
      ask(socket, at, index);
    };
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (text) => {
      heard += String(text);
      const head = heard.indexOf('\r\n\r\n');
      const length = Number(/\r\ncontent-length: (\d+)/.exec(heard)?.[1]);
      if (head < 0 || heard.length < head + 4 + length) return;
      const index = /\r\nx-consul-index: (\d+)/.exec(heard)?.[1] ?? '0';
      heard = heard.slice(head + 4 + length);
      answered(index);
    });
    ask(socket, at, '0');
  });
}

function ask(socket: Socket, at: number, index: string): void {
  socket.write(
    `GET /v1/health/service/waited-${at}?passing=1&index=${index}&wait=5m HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
  );
}
