// One check, once: every address that it is about is asked, all at the same time, and all have to pass within its time.
// What is said of it names the address and what came back, in a line.

import type { Address } from '../model/address.ts';
import type { Check } from '../model/checks.ts';
import { probeDns } from './probes/dns.ts';
import { probeGrpc } from './probes/grpc.ts';
import { probeHttp } from './probes/http.ts';
import { probeTcp } from './probes/tcp.ts';
import type { Locate } from './targets.ts';

/** `refused`: nobody was asked, it is not an address that checks go to. */
export interface ProbeResult {
  readonly kind: 'passed' | 'failed' | 'refused';
  readonly detail: string;
}

/** Where to ask. */
export interface Located {
  /** An address of a host, never a name. */
  readonly ip: string;
  readonly port: number;
  /** As it was registered. */
  readonly address: Address;
}

export type Probe = (check: Check, addrs: readonly Address[]) => Promise<ProbeResult>;

const detailCharactersMax = 160;

/** Never rejects. */
export function prober(locate: Locate): Probe {
  return async (check, addrs) => {
    const results = await Promise.all(addrs.map((address) => probeOne(check, address, locate)));
    return results.find(({ kind }) => kind !== 'passed') ?? (results[0] as ProbeResult);
  };
}

async function probeOne(check: Check, address: Address, locate: Locate): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(check.timeoutSeconds * 1000);
  const timeUp = new Promise<'time up'>((resolve) =>
    signal.addEventListener('abort', () => resolve('time up'), { once: true }),
  );
  const late: ProbeResult = { kind: 'failed', detail: `no answer within ${check.timeoutSeconds} s` };
  try {
    const located = await Promise.race([locate(address), timeUp]);
    if (located === 'time up') return late;
    if ('refused' in located) return { kind: 'refused', detail: located.refused };
    if ('failed' in located) return { kind: 'failed', detail: located.failed };
    const result = await Promise.race([ask(check, located, signal), timeUp]);
    return result === 'time up' ? late : { ...result, detail: line(result.detail) };
  } catch (error) {
    if (signal.aborted) return late;
    return { kind: 'failed', detail: line(errorText(error as NodeJS.ErrnoException)) };
  }
}

/** May reject: with what the sockets say. */
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

/** What is asked, for people: `http GET /healthz`, `tcp`. */
export function checkName(check: Check): string {
  const port = check.port === '' ? '' : ` at ${check.port}`;
  switch (check.type) {
    case 'http':
      return `http GET ${check.path}${port}`;
    case 'grpc':
      return `grpc health${check.service === '' ? '' : ` of ${check.service}`}${port}`;
    case 'dns':
      return `dns ${check.name}${port}`;
    case 'tcp':
      return `tcp${port}`;
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
