// A load as a fleet of simple clients makes it: each request looks the name up, connects to an address from the answer,
// and wants an answer. Nothing is kept between two requests, nothing is tried twice, so every address that was handed
// out once too often shows.

import { get } from 'node:http';
import { answersOf, type DnsClient } from '../dns/dns-client.ts';

export interface Tally {
  readonly done: number;
  /** What became of a connection that was not made or not answered. */
  readonly failed: readonly string[];
  /** Failed as well, but more than `promptMs` after the look-up: this machine was busy with something else. */
  readonly late: readonly string[];
}

/** rollcall leaves half a second for the way from a resolver's answer to the connection. */
const promptMs = 500;
const everyMs = 10;
const openMax = 50;

/** Starts it; `stop` settles with what came of it when the last request is over. */
export function startLoad(resolver: DnsClient, name: string, port: number): { stop(): Promise<Tally> } {
  const failed: string[] = [];
  const late: string[] = [];
  let done = 0;
  const open = new Set<Promise<void>>();
  const once = async (): Promise<void> => {
    const startedMs = performance.now();
    let lookup = 'no look-up';
    try {
      const reply = await resolver.ask(name, 'A', { flags: 0x0100 });
      const hosts = answersOf(reply).flatMap((text) => /^A (\S+)$/.exec(text)?.[1] ?? []);
      lookup = `${reply.rcode} ${hosts.join()}`;
      await fetched(hosts[Math.floor(Math.random() * hosts.length)], port);
      done++;
    } catch (error) {
      const tookMs = performance.now() - startedMs;
      (tookMs > promptMs ? late : failed).push(`${lookup}: ${(error as Error).message} after ${tookMs.toFixed(0)} ms`);
    }
  };
  const timer = setInterval(() => {
    if (open.size >= openMax) return;
    const request = once().finally(() => open.delete(request));
    open.add(request);
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { done, failed, late };
    },
  };
}

/** One request over a connection of its own; anything but a 200 is an error. */
export function fetched(host: string | undefined, port: number): Promise<string> {
  if (host === undefined) return Promise.reject(new Error('no address'));
  return new Promise((resolve, reject) => {
    const request = get({ host, port, agent: false, timeout: 5000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`${response.statusCode}`)),
      );
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });
}
