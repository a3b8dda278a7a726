// A well-behaved DNS client, as a process of its own: one question over UDP every few milliseconds until SIGTERM,
// and how long each took. What a storm on the HTTP side does to others shows here.

import { createSocket } from 'node:dgram';
import { quantile } from '../http/storm.ts';
import { start } from '../process/program.ts';
import { until } from '../process/until.ts';
import { packet } from './packet.ts';

export interface ProbeResult {
  readonly asked: number;
  /** No answer within two seconds. */
  readonly lost: number;
  /** Answers that were not NOERROR with a record. */
  readonly wrong: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export interface Probe {
  stop(): Promise<ProbeResult>;
}

const everyMs = 10;
const patienceMs = 2000;

/** Asks for the A records of `name` at 127.0.0.1; resolves with the first answer. */
export async function startProbe(port: number, name: string): Promise<Probe> {
  const program = start(process.execPath, [import.meta.filename, String(port), name]);
  await until('an answer to the probe', () => program.output().includes('first answer'));
  return {
    async stop() {
      const { out, err } = await program.stop('SIGTERM');
      const [, result] = out.split('\n');
      if (result?.startsWith('{') !== true) throw new Error(`the probe ended without a result: ${out}${err}`);
      return JSON.parse(result) as ProbeResult;
    },
  };
}

function probe(port: number, name: string): void {
  const socket = createSocket('udp4');
  const sentMs = new Map<number, number>();
  const tookMs: number[] = [];
  let asked = 0;
  let wrong = 0;
  socket.on('message', (reply) => {
    const id = reply.readUInt16BE(0);
    const at = sentMs.get(id);
    if (at === undefined) return;
    if (tookMs.length === 0) console.log('first answer');
    sentMs.delete(id);
    tookMs.push(performance.now() - at);
    if ((reply.readUInt8(3) & 15) !== 0 || reply.readUInt16BE(6) === 0) wrong++;
  });
  const timer = setInterval(() => {
    const id = asked++ % 65_536;
    sentMs.set(id, performance.now());
    socket.send(packet({ id, name, type: 1, edns: true }), port, '127.0.0.1');
  }, everyMs);
  process.once('SIGTERM', () => {
    clearInterval(timer);
    const endMs = performance.now() + patienceMs;
    const finish = setInterval(() => {
      if (sentMs.size > 0 && performance.now() < endMs) return;
      clearInterval(finish);
      const sorted = tookMs.sort((a, b) => a - b);
      const times = { medianMs: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), longestMs: sorted.at(-1) ?? 0 };
      console.log(JSON.stringify({ asked, lost: sentMs.size, wrong, ...times } satisfies ProbeResult));
      socket.close();
    }, everyMs);
  });
}

if (import.meta.main) probe(Number(process.argv[2]), process.argv[3] as string);
