// When a program that was just started can take traffic: every TCP port of its addresses accepts a connection, or an
// HTTP path answers with 200-399, or some time has passed. A probe goes to the addresses that are to be registered and
// nowhere else, follows no redirect and knows no proxy.

import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../model/address.ts';

export type Readiness =
  | { readonly kind: 'ports'; readonly addrs: readonly Address[] }
  | { readonly kind: 'http'; readonly addr: Address; readonly path: string }
  | { readonly kind: 'delay'; readonly ms: number };

const probeMs = 2000;
const firstGapMs = 50;
const longestGapMs = 1000;

/** Resolves once it is ready, or with false when the signal aborts; never rejects. */
export async function becomesReady(readiness: Readiness, signal: AbortSignal): Promise<boolean> {
  let gapMs = readiness.kind === 'delay' ? readiness.ms : firstGapMs;
  while (!signal.aborted) {
    if (readiness.kind !== 'delay' && (await isReady(readiness))) return true;
    await sleep(gapMs, undefined, { signal }).catch(() => {});
    if (readiness.kind === 'delay') return !signal.aborted;
    gapMs = Math.min(gapMs * 1.5, longestGapMs);
  }
  return false;
}

/** The first of the ports that somebody serves already. */
export async function takenPort(addrs: readonly Address[]): Promise<Address | undefined> {
  for (const addr of addrs) if (await accepts(addr)) return addr;
  return undefined;
}

async function isReady(readiness: Exclude<Readiness, { kind: 'delay' }>): Promise<boolean> {
  if (readiness.kind === 'http') return answers(readiness.addr, readiness.path);
  const open = await Promise.all(readiness.addrs.map(accepts));
  return open.every(Boolean);
}

function accepts({ host, number }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: number, timeout: probeMs });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

async function answers({ port, host, number }: Address, path: string): Promise<boolean> {
  const { request } = await (port === 'https' ? import('node:https') : import('node:http'));
  return new Promise((resolve) => {
    // A certificate of the program's own is as good as any: it is the program that is asked, not a stranger.
    const options = { host, port: number, path, agent: false, rejectUnauthorized: false } as const;
    const call = request({ ...options, signal: AbortSignal.timeout(probeMs) }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 400);
    });
    call.once('error', () => resolve(false));
    call.end();
  });
}
