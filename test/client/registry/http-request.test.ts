// Requests over Node's own client: what is sent, what comes back, and how a signal ends both.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { httpRequest } from '../../../src/client/registry/http-request.ts';
import { textOf } from '../../../src/client/registry/reply.ts';

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/stream') {
      response.write('first');
      return;
    }
    if (request.url === '/host') {
      response.end(request.headers.host);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.setHeader('etag', '"7"');
      response.statusCode = 302;
      response.end(
        `${request.method} ${request.url} ${String(request.headers['x-own'])} ${Buffer.concat(chunks).toString()}`,
      );
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const never = new AbortController().signal;

test('the path is sent as it is, with headers and body, and a redirect is not followed', async () => {
  const request = { method: 'PUT', headers: { 'x-own': 'yes' }, body: 'ü', redirect: 'manual', signal: never } as const;
  const response = await httpRequest(`${url}/a/../b?c=%20`, request);
  expect(await textOf(response)).toBe('PUT /a/../b?c=%20 yes ü');
  expect([response.status, response.headers.get('etag'), response.headers.get('missing')]).toEqual([302, '"7"', null]);
});

test('an address of a name is connected to under that name', async () => {
  const named = url.replace('127.0.0.1', 'cluster.invalid');
  const request = { method: 'GET', headers: {}, redirect: 'manual', signal: never, connectTo: '127.0.0.1' } as const;
  const response = await httpRequest(`${named}/host`, request);
  expect(await textOf(response)).toBe(named.slice('http://'.length));
});

test('a signal ends the body of a response', async () => {
  const controller = new AbortController();
  const request = { method: 'GET', headers: {}, redirect: 'manual', signal: controller.signal } as const;
  const response = await httpRequest(`${url}/stream`, request);
  const read: string[] = [];
  const reading = (async () => {
    for await (const chunk of response.body ?? []) {
      read.push(Buffer.from(chunk).toString());
      controller.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow();
  expect(read).toEqual(['first']);
});

test('without a connection the code names it; an aborted signal gives its reason', async () => {
  const request = { method: 'GET', headers: {}, redirect: 'manual' } as const;
  await expect(httpRequest('http://127.0.0.1:1/', { ...request, signal: never })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
  await expect(httpRequest(url, { ...request, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  );
});
