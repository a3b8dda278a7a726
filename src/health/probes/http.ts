// An HTTP check: one request, a GET unless the check has another method, over a connection of its own; its status and,
// where that is asked for, a text in its body. Redirects are not followed, proxies not used. Certificates of https are not
// verified: a check finds out whether the instance answers. What headers it sends is what its registrant wrote.
// Limits: 64 KiB of the body are read.

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Check } from '../../model/checks.ts';
import type { Located, ProbeResult } from './result.ts';

const bodyOctetsMax = 64 * 1024;

type HttpCheck = Extract<Check, { type: 'http' }>;

export async function probeHttp(
  check: HttpCheck,
  { ip, port, address }: Located,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { status, body } = await fetched(check, ip, port, address, signal);
  const received = `status ${status}`;
  if (check.warning !== undefined && isListed(status, check.warning))
    return { kind: 'passed', detail: received, isWarning: true };
  if (!isListed(status, check.status)) return { kind: 'failed', detail: `${received}, not ${check.status}` };
  if (check.body === '' || body.includes(check.body)) return { kind: 'passed', detail: received };
  return { kind: 'failed', detail: `${received}, without ${JSON.stringify(check.body)} in its body` };
}

function fetched(
  { path, body: wanted, host, method = 'GET', headers = {}, requestBody = '' }: HttpCheck,
  ip: string,
  port: number,
  address: Located['address'],
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  const isSecure = address.portName === 'https';
  const authority = `${address.family === 6 ? `[${address.host}]` : address.host}:${port}`;
  const name = (host || address.host).replace(/:\d+$/, '');
  const options = {
    host: ip,
    port,
    path,
    method,
    signal,
    agent: false,
    headers: {
      'user-agent': 'rollcall-check',
      accept: '*/*',
      ...lowerCased(headers),
      host: host || authority,
      connection: 'close',
      ...(requestBody === '' ? {} : { 'content-length': Buffer.byteLength(requestBody) }),
    },
    ...(isSecure ? { rejectUnauthorized: false, ...(isIP(name) === 0 ? { servername: name } : {}) } : {}),
  } as const;
  return new Promise((resolve, reject) => {
    const sent = (isSecure ? requestHttps : requestHttp)(options, (response) => {
      const { statusCode: status = 0 } = response;
      const chunks: Buffer[] = [];
      let octets = 0;
      const finish = (): void => {
        resolve({ status, body: Buffer.concat(chunks).subarray(0, bodyOctetsMax).toString('utf8') });
        response.destroy();
      };
      response.on('error', reject);
      if (wanted === '') {
        finish();
        return;
      }
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        octets += chunk.length;
        if (octets >= bodyOctetsMax) finish();
      });
      response.once('end', finish);
    });
    // What comes after the answer was read is ignored.
    sent.on('error', reject);
    sent.end(requestBody);
  });
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Whether `200-299,401` has the status in it. */
function isListed(status: number, list: string): boolean {
  return list.split(',').some((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return status >= (from ?? 0) && status <= (to ?? 0);
  });
}
