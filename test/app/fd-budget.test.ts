// HTTP connections against the descriptors that the process has.

import { expect, test } from 'vitest';
import { fdBudget } from '../../src/app/fd-budget.ts';

const configured = {
  httpConnectionsMax: 32_000,
  httpConnectionsPerClientMax: 0,
  tcpConnectionsMax: 1000,
  adapters: [],
};

test.each<[descriptors: number, connections: number, isReported: boolean]>([
  [Number.POSITIVE_INFINITY, 32_000, false],
  [1_048_576, 32_000, false],
  [33_500, 32_000, false],
  [20_000, 18_500, true],
  [1024, 512, true],
  [64, 32, true],
])('of %d descriptors HTTP takes %d', (descriptors, connectionsMax, isReported) => {
  const { limits, shortage } = fdBudget(configured, descriptors);
  expect(limits).toEqual({ connectionsMax, connectionsPerClientMax: Math.ceil(0.9 * connectionsMax) });
  expect(shortage).toEqual(isReported ? { descriptors, connections: connectionsMax, configured: 32_000 } : undefined);
});

test.each<[descriptors: number, http: number, grpc: number]>([
  [1_048_576, 32_000, 10_000],
  [20_000, 12_334, 6166],
  [1024, 342, 170],
])('of %d descriptors HTTP takes %d and the gRPC of Nacos %d', (descriptors, connectionsMax, grpc) => {
  const { limits, nacosGrpc } = fdBudget({ ...configured, adapters: ['nacos'] }, descriptors);
  expect([limits.connectionsMax, nacosGrpc.connectionsMax]).toEqual([connectionsMax, grpc]);
});

test('what is configured for one client stays, and this machine has some', () => {
  const { limits } = fdBudget({ ...configured, httpConnectionsMax: 10, httpConnectionsPerClientMax: 3 });
  expect(limits).toEqual({ connectionsMax: 10, connectionsPerClientMax: 3 });
});
