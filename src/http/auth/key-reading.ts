// Reads the text of a JWK set (RFC 7517), from a file or a URL. An issuer is another's server: it may answer with an error, a
// page, without an end or not at all, and none of that may take more of this one than is named here.
// Limits: `octetsMax` a set, `keyTimeoutMs` a fetch from its beginning to the last octet; no redirects; one answer, 200.

import { open } from 'node:fs/promises';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { KeySet } from '../../model/credential.ts';

const keyTimeoutMs = 5000;
const octetsMax = 256 * 1024;

export async function readKeySet({ at, ca, bearerFile }: KeySet, timeoutMs: number = keyTimeoutMs): Promise<string> {
  if (!/^https?:\/\//i.test(at)) return readText(at);
  const [authority, bearer] = await Promise.all([
    ca === undefined ? undefined : readText(ca),
    bearerFile === undefined ? undefined : readText(bearerFile),
  ]);
  return fetchText(at, { authority, bearer: bearer?.trim(), timeoutMs });
}

async function readText(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > octetsMax) throw new Error(`${path} has more than ${octetsMax} octets`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

interface FetchOptions {
  readonly authority: string | undefined;
  readonly bearer: string | undefined;
  readonly timeoutMs: number;
}

function fetchText(url: string, { authority, bearer, timeoutMs }: FetchOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const failed = (error: Error): void =>
      reject(signal.aborted ? new Error(`there was no whole answer in ${timeoutMs / 1000} s`) : error);
    const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const headers = { accept: 'application/json', ...authorization };
    const options = { headers, signal, agent: false as const, ...(authority === undefined ? {} : { ca: authority }) };
    const call = (/^https:/i.test(url) ? requestHttps : requestHttp)(url, options, (response) => {
      collect(response).then(resolve, failed);
    });
    call.on('error', failed);
    call.end();
  });
}

/** The body of an answer; an end before its announced length is an error of the stream. */
function collect(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    response.on('error', reject);
    if (response.statusCode !== 200) {
      response.destroy();
      reject(new Error(`the answer has the status ${response.statusCode}`));
      return;
    }
    const parts: Buffer[] = [];
    let octets = 0;
    response.on('data', (part: Buffer) => {
      octets += part.length;
      if (octets > octetsMax) response.destroy(new Error(`it has more than ${octetsMax} octets`));
      else parts.push(part);
    });
    response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
  });
}
