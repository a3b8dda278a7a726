// Failing issuers: what each costs, and what is reported. The keys come over real connections here.

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { readKeySet } from '../../../src/http/auth/key-reading.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function reads(listener: RequestListener, timeoutMs = 20_000): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return readKeySet({ at: `http://127.0.0.1:${port}/jwks` } as Parameters<typeof readKeySet>[0], timeoutMs);
}

test('a good answer is given as it is, in whatever parts it comes', async () => {
  const text = JSON.stringify({ keys: [{ kid: 'é' }] });
  const octets = Buffer.from(text);
  const inParts: RequestListener = (_request, response) => {
    // The cut is in the middle of a character.
    response.write(octets.subarray(0, octets.indexOf(0xc3) + 1), () =>
      response.end(octets.subarray(octets.indexOf(0xc3) + 1)),
    );
  };
  expect(await reads(inParts)).toBe(text);
});

describe('is given up, with a reason', () => {
  test.each([500, 204, 301, 404])('an answer with the status %i', async (status) => {
    let asked = 0;
    const answer: RequestListener = (request, response) => {
      asked++;
      const location = `http://${request.headers.host}/other`;
      response.writeHead(status, { location }).end();
    };
    await expect(reads(answer)).rejects.toThrow(String(status));
    expect(asked).toBe(1);
  });

  test('one that never comes', async () => {
    await expect(reads(() => undefined, 50)).rejects.toThrow('no whole answer');
  });

  test('one that begins and goes on for ever, an octet at a time', async () => {
    const drip: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    };
    await expect(reads(drip, 100)).rejects.toThrow('no whole answer');
  });

  test('one that is huge: the connection is closed when there is more than the limit', async () => {
    let isClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const flood: RequestListener = (_request, response) => {
      const chunk = Buffer.alloc(65_536, 32);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      response.on('close', () => isClosed());
      more();
    };
    await expect(reads(flood)).rejects.toThrow('262144');
    await closed;
  });

  test('one that ends before its length', async () => {
    const cut: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":', () => response.destroy());
    };
    await expect(reads(cut)).rejects.toThrow();
  });

  test('one of a server that is not there', async () => {
    await expect(readKeySet({ at: 'http://127.0.0.1:1/' } as Parameters<typeof readKeySet>[0])).rejects.toThrow();
  });
});
