// A check of a host name asks all its addresses, as a client would, and reports which one answered what.

import { createServer as createHttp, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { prober } from '../../src/health/probe.ts';
import { locateWithin } from '../../src/health/targets.ts';
import type { Check } from '../../src/model/checks.ts';
import { parseRegistration, type Registration } from '../../src/model/instance.ts';
import { freePort } from '../kit/process/scratch.ts';

async function listening(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(port, host, resolve);
  });
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const web = (listener: RequestListener): Promise<number> => listening(createHttp(listener));

describe('a host name with several addresses', () => {
  /** As `localhost` is where IPv6 comes first. */
  const resolving = (...ips: string[]) =>
    prober(locateWithin([], (async () => ips.map((address) => ({ address, family: 4 }))) as never));
  const tcp = (port: number, timeoutSeconds = 20, type = 'tcp') => {
    const fields = {
      addrs: [`http://orders.example:${port}`],
      checks: [{ type, timeoutSeconds, intervalSeconds: 30 }],
    };
    const registration = parseRegistration(fields, { leaseSeconds: 90, dnsTtl: 5 }) as Registration;
    return [registration.checks[0] as Check, registration.addrs] as const;
  };

  test('passes by the one that is there, where the first refuses', async () => {
    const port = await listening(createTcp());
    expect(await resolving('127.0.0.2', '127.0.0.1')(...tcp(port))).toEqual({
      kind: 'passed',
      detail: `127.0.0.1:${port}: connected`,
    });
  });

  test('does not wait for one that is silent', async () => {
    const port = await listening(createTcp(), '127.0.0.2');
    await listening(
      createHttp((_request, response) => response.end()),
      '127.0.0.1',
      port,
    );
    expect(await resolving('127.0.0.2', '127.0.0.1')(...tcp(port, 20, 'http'))).toEqual({
      kind: 'passed',
      detail: `127.0.0.1:${port}: status 200`,
    });
  });

  test('fails with what each of them answered', async () => {
    const port = await freePort();
    expect(await resolving('127.0.0.2', '127.0.0.3')(...tcp(port))).toEqual({
      kind: 'failed',
      detail: `127.0.0.2:${port}: connection refused; 127.0.0.3:${port}: connection refused`,
    });
  });

  test('an answer that is bad is the answer, as it would be for a client', async () => {
    const port = await web((_request, response) => response.writeHead(503).end());
    expect(await resolving('127.0.0.1', '127.0.0.2')(...tcp(port, 20, 'http'))).toEqual({
      kind: 'failed',
      detail: `127.0.0.1:${port}: status 503, not 200-299`,
    });
  });

  test('none that answers in time: all are named', async () => {
    const port = await listening(createTcp());
    expect(await resolving('127.0.0.1')(...tcp(port, 0.2, 'http'))).toEqual({
      kind: 'failed',
      detail: `no answer of 127.0.0.1:${port} within 0.2 s`,
    });
  });
});
