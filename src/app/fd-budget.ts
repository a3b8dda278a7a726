// How many HTTP connections, and connections of Nacos's gRPC, may be open: what is configured, or what the process has descriptors for, whichever is less.
// A server that takes connections until its descriptors are used up can neither write its state nor read a zone file.
// Limits: known from /proc, so on Linux alone; elsewhere what is configured holds.

import { readFileSync } from 'node:fs';

interface Configured {
  readonly httpConnectionsMax: number;
  /** 0: nine tenths of all. */
  readonly httpConnectionsPerClientMax: number;
  readonly tcpConnectionsMax: number;
  readonly adapters: readonly string[];
}

interface HttpConnections {
  readonly connectionsMax: number;
  readonly connectionsPerClientMax: number;
}

/** Fewer descriptors than connections configured. */
interface Shortage {
  readonly descriptors: number;
  readonly connections: number;
  readonly configured: number;
}

/** For files, listeners, the log, refusals that are still being sent, and connections of libraries. */
const othersMax = 500;

/** Each costs some 100 kB with its HTTP/2 session. */
const nacosGrpcMax = 10_000;

/** The limits to go by, and the shortage that they come from, if there is one. */
export function fdBudget(
  configured: Configured,
  descriptors = descriptorsMax(),
): { readonly limits: HttpConnections; readonly nacosGrpc: HttpConnections; readonly shortage: Shortage | undefined } {
  const { httpConnectionsMax, httpConnectionsPerClientMax, tcpConnectionsMax, adapters } = configured;
  const all = Math.max(Math.floor(descriptors / 2), descriptors - tcpConnectionsMax - othersMax);
  const grpc = adapters.includes('nacos') ? Math.min(nacosGrpcMax, Math.floor(all / 3)) : 0;
  const connectionsMax = Math.min(httpConnectionsMax, all - grpc);
  const perClientMax = (max: number): number => httpConnectionsPerClientMax || Math.ceil(0.9 * max);
  return {
    limits: { connectionsMax, connectionsPerClientMax: perClientMax(connectionsMax) },
    nacosGrpc: { connectionsMax: grpc, connectionsPerClientMax: perClientMax(grpc) },
    shortage:
      connectionsMax < httpConnectionsMax
        ? { descriptors, connections: connectionsMax, configured: httpConnectionsMax }
        : undefined,
  };
}

/** Node has raised the soft limit to the hard one by now. */
function descriptorsMax(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
