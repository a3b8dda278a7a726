// DNS over HTTPS (RFC 8484): one DNS message in, one out, by GET and POST at /dns-query. Every answer of DNS (NXDOMAIN,
// REFUSED) is 200 here; other statuses are of HTTP alone. Who may ask is decided by DNS (`dnsAllow`), so that no token is
// needed, as none is over port 53.
// Over plain HTTP only trusted proxies are answered, since DoH promises confidentiality; a proxy in front has
// done its part of that, and the client's address is the one that it forwards.
// Limits: a message of 65 535 octets, the most that DNS has; GET as long as HTTP lets an address be.

import { BlockList, isIPv4 } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { printable } from '../../model/problem.ts';
import { dnsQueryPath, isEncrypted } from '../server/dns-query-path.ts';
import { type Failure, sendProblem } from '../server/problem-details.ts';

export interface DnsQueries {
  /** The reply to a request from this address; undefined: none is due, or DNS does not answer at present. */
  answer(request: Uint8Array, address: string): Promise<Uint8Array | undefined>;
  /** How long it may be kept. */
  ttlSecondsOf(reply: Uint8Array): number;
  /** Every client gets the same answers, so that a shared cache may hold them. */
  readonly isSame: boolean;
}

const mediaType = 'application/dns-message';
const messageOctetsMax = 65_535;
const headerOctets = 12;

export function addDnsQuery(app: FastifyInstance, queries: DnsQueries, trustedProxies: readonly string[]): void {
  const proxies = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const { socket } = request.raw;
    const [address = ''] = (socket.remoteAddress ?? '').split('%');
    const isProxy = address !== '' && proxies.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
    if (isEncrypted(socket) || isProxy) done();
    else sendProblem(reply, { kind: 'tls-needed', detail: plainDetail });
  };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, octets, done) => done(null, octets));
  const answer = (request: FastifyRequest, reply: FastifyReply, message: Buffer | Failure) =>
    'kind' in message ? sendProblem(reply, message) : answerMessage(queries, request, reply, message);
  const schema = (summary: string) => ({ summary, description: 'DNS over HTTPS (RFC 8484).', tags: ['dns'] });

  app.get(dnsQueryPath, { onRequest, schema: schema('Ask DNS, by address') }, (request, reply) =>
    answer(request, reply, messageOfQuery(request.query)),
  );
  const post = { onRequest, bodyLimit: messageOctetsMax, schema: schema('Ask DNS') };
  app.post(dnsQueryPath, post, (request, reply) => answer(request, reply, messageOfBody(request)));
}

const plainDetail =
  'Cannot answer DNS over plain HTTP: call over https, or through a proxy whose network is in trustedProxies.';

async function answerMessage(
  { answer, ttlSecondsOf, isSame }: DnsQueries,
  request: FastifyRequest,
  reply: FastifyReply,
  message: Buffer,
): Promise<FastifyReply> {
  if (message.length < headerOctets || (message[2] as number) >= 0x80) {
    return sendProblem(reply, { kind: 'bad-request', detail: 'Cannot answer: this is no DNS request.' });
  }
  const answered = await answer(message, request.ip);
  if (answered === undefined) {
    const detail = 'Cannot answer: no DNS reply is due to this client, or DNS does not answer at present.';
    return sendProblem(reply, { kind: 'not-ready', detail, headers: { 'retry-after': '1' } });
  }
  return reply
    .header('content-type', mediaType)
    .header('cache-control', `${isSame ? '' : 'private, '}max-age=${ttlSecondsOf(answered)}`)
    .send(Buffer.from(answered));
}

/** RFC 8484 §4.1: base64url without padding (RFC 4648 §5). */
function messageOfQuery(query: unknown): Buffer | Failure {
  const { dns } = query as { readonly dns?: unknown };
  if (typeof dns === 'string' && /^[\w-]+$/.test(dns) && dns.length % 4 !== 1) return Buffer.from(dns, 'base64url');
  const received = dns === undefined ? 'there is none' : `received ${printable(dns)}`;
  const detail = `Cannot read the parameter dns: it is a DNS message in base64url without padding, ${received}.`;
  return { kind: 'bad-request', detail };
}

function messageOfBody({ body, headers }: FastifyRequest): Buffer | Failure {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (type !== mediaType || encoding !== 'identity') {
    const received =
      type === mediaType ? `the encoding ${printable(encoding)}` : printable(type === '' ? 'none' : type);
    const detail = `Cannot read the body: DNS over HTTPS takes ${mediaType} as it is, received ${received}.`;
    return { kind: 'unsupported-media-type', detail, headers: { 'accept-post': mediaType } };
  }
  return body instanceof Buffer ? body : { kind: 'bad-request', detail: 'Cannot answer: the body is empty.' };
}
