// What a person sees who starts the server in a terminal.

import { expect, test } from 'vitest';
import { startScreen } from '../../src/cli/start-screen.ts';

const listening = (http: number, dns: number, host = '127.0.0.1') => ({
  http: [{ host, port: http }],
  dns: [{ host, port: dns }],
});
const terminal = { columns: 80 };
const config = { origin: 'svc.', data: 'data' };

test('four lines, that fit 80 columns: where it answers, and what to type next', () => {
  const text = startScreen(listening(7171, 8053, '0.0.0.0'), config, {
    version: '1.2.3',
    env: { NO_COLOR: '1' },
    terminal,
  });
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/1\.2\.3.*http:\/\/127\.0\.0\.1:7171.*127\.0\.0\.1:8053.*svc/);
  expect(text).not.toMatch(/--server|ROLLCALL_URL/);
});

test('at another address than commands use by default, it prints the flag they need', () => {
  const parts = { version: '1.2.3', env: { NO_COLOR: '1', npm_lifecycle_event: 'start' }, terminal };
  const text = startScreen(listening(80, 53, '::1'), { ...config, data: 'none' }, parts);
  expect(text).toContain('export ROLLCALL_URL=http://[::1]:80\n');
  expect(text).toContain('npm run -s rollcall -- resolve web.prod.svc SRV --server [::1]:53\n');
  expect(text).toContain('keeps nothing');
});

test('where clients of Nacos find gRPC is on it', () => {
  const nacosGrpc = [{ host: '127.0.0.1', port: 8171 }];
  const parts = { version: '1.2.3', env: { NO_COLOR: '1' }, terminal };
  const [head = ''] = startScreen({ ...listening(7171, 8053), nacosGrpc }, config, parts).split('\n');
  expect(head).toContain('gRPC of Nacos 127.0.0.1:8171');
  expect(startScreen(listening(7171, 8053), config, parts)).not.toContain('Nacos');
});
