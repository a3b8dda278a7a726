// When a program that was just started can take traffic: every TCP port of its addresses accepts a connection, or an
// HTTP path answers with 200-399, or some time has passed. A probe goes to the addresses that are to be registered and
// nowhere else, follows no redirect and uses no proxy.

import { connect } from 'node:net';
import type { Address } from '../../model/address.ts';
import { pause, type Scheduler } from '../../runtime/scheduler.ts';

export type Readiness =
  | { readonly kind: 'ports'; readonly addrs: readonly Address[] }
  | { readonly kind: 'http'; readonly addr: Address; readonly path: string }
  | { readonly kind: 'delay'; readonly ms: number };

const probeTimeoutMs = 2000;
const firstGapMs = 50;
const longestGapMs = 1000;

/** Resolves once it is ready, or with false when the signal aborts; never rejects. */
export async function becomesReady(readiness: Readiness, scheduler: Scheduler, signal: AbortSignal): Promise<boolean> {
  let gapMs = readiness.kind === 'delay' ? readiness.ms : firstGapMs;
  while (!signal.aborted) {
    if (readiness.kind !== 'delay' && (await isReady(readiness))) return true;
    await pause(scheduler, gapMs, signal, true);
    if (readiness.kind === 'delay') return !signal.aborted;
    gapMs = Math.min(gapMs * 1.5, longestGapMs);
  }
  return false;
}

/** The first of the ports that is in use already. */
export async function takenPort(addrs: readonly Address[]): Promise<Address | undefined> {
  for (const addr of addrs) if (await accepts(addr)) return addr;
  return undefined;
}

async function isReady(readiness: Exclude<Readiness, { kind: 'delay' }>): Promise<boolean> {
  if (readiness.kind === 'http') return answers(readiness.addr, readiness.path);
  const open = await Promise.all(readiness.addrs.map(accepts));
  return open.every(Boolean);
}

function accepts({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: probeTimeoutMs });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

async function answers({ portName, host, port }: Address, path: string): Promise<boolean> {
  const { request } = await (portName === 'https' ? import('node:https') : import('node:http'));
  return new Promise((resolve) => {
    // Any certificate will do: the program itself is asked, at an address of its own.
    const options = { host, port, path, agent: false, rejectUnauthorized: false } as const;
    const call = request({ ...options, signal: AbortSignal.timeout(probeTimeoutMs) }, (response) => {
      const { statusCode = 0 } = response;
      response.destroy();
      resolve(statusCode >= 200 && statusCode < 400);
    });
    call.once('error', () => resolve(false));
    call.end();
  });
}
