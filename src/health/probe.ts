// One check, once: every address that it is about is probed, all at the same time, and all have to pass within its time.
// A host name with several addresses is tried as a client would try it (RFC 8305, "happy eyeballs"): the first address,
// the next one as soon as that fails or after a quarter of a second, and the first that answers decides, well or badly.
// The result names the address, where there are several, and what came back, in a line.

import { connect } from 'node:net';
import type { Address } from '../model/address.ts';
import type { Check } from '../model/checks.ts';
import { probeDns } from './probes/dns.ts';
import { probeGrpc } from './probes/grpc.ts';
import { probeHttp } from './probes/http.ts';
import type { Located, ProbeResult } from './probes/result.ts';
import type { Locate } from './targets.ts';

export type Probe = (check: Check, addrs: readonly Address[]) => Promise<ProbeResult>;

const detailCharactersMax = 160;
/** RFC 8305 §5, the recommended delay between two connection attempts. */
const attemptDelayMs = 250;

/** Never rejects. */
export function prober(locate: Locate): Probe {
  return async (check, addrs) => {
    const isOneOfMany = addrs.length > 1;
    const results = await Promise.all(addrs.map((address) => probeOne(check, address, locate, isOneOfMany)));
    return results.find(({ kind }) => kind !== 'passed') ?? (results[0] as ProbeResult);
  };
}

async function probeOne(check: Check, address: Address, locate: Locate, isOneOfMany: boolean): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(check.timeoutSeconds * 1000);
  const timeUp = new Promise<'time up'>((resolve) =>
    signal.addEventListener('abort', () => resolve('time up'), { once: true }),
  );
  let asked: readonly string[] = [];
  const late = (): ProbeResult => {
    const of = asked.length > 0 ? ` of ${asked.join(' and ')}` : '';
    return { kind: 'failed', detail: line(`no answer${of} within ${check.timeoutSeconds} s`) };
  };
  try {
    const located = await Promise.race([locate(address), timeUp]);
    if (located === 'time up') return late();
    if ('refused' in located) return { kind: 'refused', detail: located.refused };
    if ('failed' in located) return { kind: 'failed', detail: located.failed };
    const { ips, port } = located;
    const isNamed = isOneOfMany || address.family === 'name';
    const endpointText = (ip: string): string => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
    if (isNamed) asked = ips.map(endpointText);
    const attempts = ips.map((ip) => async (): Promise<ProbeResult> => {
      const place = isNamed ? `${endpointText(ip)}: ` : '';
      try {
        const result = await ask(check, { ip, port, address }, signal);
        return { ...result, detail: `${place}${result.detail}` };
      } catch (error) {
        throw new Error(`${place}${errorText(error as NodeJS.ErrnoException)}`);
      }
    });
    const result = await Promise.race([firstAnswer(attempts), timeUp]);
    return result === 'time up' ? late() : { ...result, detail: line(result.detail) };
  } catch (error) {
    if (signal.aborted) return late();
    return { kind: 'failed', detail: line((error as Error).message) };
  }
}

/** The first that resolves, each begun when the one before has failed or some time after it; rejects with all reasons. */
function firstAnswer(attempts: readonly (() => Promise<ProbeResult>)[]): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const reasons: string[] = [];
    let begun = 0;
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const begin = (): void => {
      clearTimeout(timer);
      const attempt = attempts[begun++];
      if (attempt === undefined || isOver) return;
      if (begun < attempts.length) timer = setTimeout(begin, attemptDelayMs);
      attempt().then(
        (result) => {
          isOver = true;
          clearTimeout(timer);
          resolve(result);
        },
        (error: Error) => {
          reasons.push(error.message);
          if (reasons.length === attempts.length) reject(new Error(reasons.join('; ')));
          else begin();
        },
      );
    };
    begin();
  });
}

/** May reject with the error of a socket. */
function ask(check: Check, located: Located, signal: AbortSignal): Promise<ProbeResult> {
  switch (check.type) {
    case 'http':
      return probeHttp(check, located, signal);
    case 'tcp':
      return probeTcp(located, signal);
    case 'grpc':
      return probeGrpc(check, located, signal);
    case 'dns':
      return probeDns(check, located, signal);
  }
}

function errorText({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ECONNRESET') return 'connection reset';
  return code === undefined ? message : `${message} (${code})`;
}

/** Comes from others: one printable line. */
function line(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ').slice(0, detailCharactersMax);
}

/** A TCP check passes when a connection is made. */
function probeTcp({ ip, port }: Located, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve({ kind: 'passed', detail: 'connected' });
    });
  });
}
