// The setting `nacosGrpc`: where clients of Nacos find gRPC, and the rules between it and the other listeners.

import { expect, test } from 'vitest';
import { configOf, problemsOf } from '../kit/cli/config-world.ts';

const nacos = { ROLLCALL_ADAPTERS: 'nacos' };

test('it is beside HTTP unless it is set, and may be nowhere', () => {
  expect(configOf({ env: nacos }).nacosGrpc).toBeUndefined();
  expect(configOf({ env: { ...nacos, ROLLCALL_NACOS_GRPC: 'none' } }).nacosGrpc).toEqual([]);
  const two = configOf({ env: { ...nacos, ROLLCALL_NACOS_GRPC: '127.0.0.1:9848,[::1]:0' } });
  expect(two.nacosGrpc).toEqual([
    { host: '127.0.0.1', port: 9848 },
    { host: '::1', port: 0 },
  ]);
});

test.each<[what: string, env: Record<string, string>, expected: string]>([
  ['a port of HTTP with none 1000 above', { ROLLCALL_HTTP: '127.0.0.1:65000' }, 'above 65535: set nacosGrpc'],
  ['the port of HTTP', { ROLLCALL_NACOS_GRPC: '127.0.0.1:7171' }, 'TCP 127.0.0.1:7171'],
  ['the port of DNS', { ROLLCALL_NACOS_GRPC: '127.0.0.1:8053' }, 'TCP 127.0.0.1:8053'],
  ['no address', { ROLLCALL_NACOS_GRPC: '9848' }, 'is not host:port'],
])('%s is refused', (_what, env, expected) => {
  expect(problemsOf({ env: { ...nacos, ...env } })).toEqual([expect.stringContaining(expected)]);
});

test('beyond loopback it needs what HTTP needs there', () => {
  const env = { ...nacos, ROLLCALL_NACOS_GRPC: '0.0.0.0:9848' };
  const problems = problemsOf({ env });
  expect(problems).toHaveLength(2);
  for (const problem of problems) expect(problem).toContain('nacosGrpc: 0.0.0.0:9848 (ROLLCALL_NACOS_GRPC)');
  expect(problemsOf({ env, flags: { insecure: true, plainHttp: true } })).toEqual([]);
  // Without the adapter nothing listens.
  expect(problemsOf({ env: { ROLLCALL_NACOS_GRPC: '0.0.0.0:9848' } })).toEqual([]);
});
