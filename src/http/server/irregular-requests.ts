// Requests that are HTTP to Node and still mean two things, or nothing: an address with characters that have to be encoded, no
// Host in HTTP/1.1, or several (RFC 9112 §3.2: 400). Before anything else looks at them.

import type { Http2ServerRequest } from 'node:http2';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem-details.ts';

/** Whether a request has more than one Host header, of which Node keeps the first and a proxy may have gone by another. */
export function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') count++;
  }
  return count > 1;
}

/** A body of HTTP/2 need not have a length. */
function hasBody({ raw }: FastifyRequest): boolean {
  const { headers } = raw;
  if (raw.httpVersionMajor === 2) return !(raw as object as Http2ServerRequest).stream.endAfterHeaders;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** A hook in front of all others; also drops the type of a body that is not there. */
export function refuseIrregularRequest(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { headers, httpVersion } = request.raw;
  if (!hasBody(request)) {
    // What is not there is of no type: many clients send one with an empty renewal or DELETE.
    delete headers['content-type'];
  }
  const fault =
    headers.host === undefined && httpVersion === '1.1'
      ? 'HTTP/1.1 needs a Host header'
      : hasSeveralHosts(request.raw.rawHeaders)
        ? 'it has several Host headers'
        : /[^\x21\x22\x24-\x7e]/.test(request.url)
          ? 'its address has a # or characters outside ASCII, which have to be percent-encoded'
          : undefined;
  if (fault === undefined) done();
  else sendProblem(reply, { kind: 'bad-request', detail: `Cannot read the request: ${fault}.` });
}
