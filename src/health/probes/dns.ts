// A DNS check: one question of type A, over the protocol of the address, and NOERROR for an answer. Of the answer the
// header alone is read (RFC 1035 §4.1.1), and that the question came back.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Check } from '../../model/checks.ts';
import type { Located, ProbeResult } from './result.ts';

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const headerOctets = 12;

type DnsCheck = Extract<Check, { type: 'dns' }>;

export async function probeDns({ name }: DnsCheck, located: Located, signal: AbortSignal): Promise<ProbeResult> {
  const question = questionFor(name);
  if (question === undefined) return { kind: 'failed', detail: `${name} is not a domain name` };
  const ask = located.address.protocol === 'udp' ? askOverUdp : askOverTcp;
  const reply = await ask(question, located, signal);
  const rcode = (reply[3] ?? 0) & 0x0f;
  const text = rcodes[rcode] ?? `rcode ${rcode}`;
  return { kind: rcode === 0 ? 'passed' : 'failed', detail: text };
}

/** Undefined: the name has a label that is empty or too long. */
function questionFor(name: string): Buffer | undefined {
  const labels = name.replace(/\.$/, '').split('.');
  const isRoot = name === '.';
  if (!isRoot && labels.some((label) => label.length === 0 || label.length > 63)) return undefined;
  const octets = isRoot ? [] : labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  const head = Buffer.alloc(headerOctets);
  head.writeUInt16BE(randomInt(0x1_0000), 0);
  // RD: a resolver may be what is checked.
  head[2] = 0x01;
  head[5] = 1;
  return Buffer.concat([head, ...octets, Buffer.from([0, 0, 1, 0, 1])]);
}

/** To this very question: its number, the QR bit, and the question as it was asked. */
function isReply(reply: Buffer, question: Buffer): boolean {
  if (reply.length < headerOctets || reply.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  if (((reply[2] ?? 0) & 0x80) === 0) return false;
  const asked = question.subarray(headerOctets).toString('latin1').toLowerCase();
  const echoed = reply.subarray(headerOctets, question.length).toString('latin1').toLowerCase();
  // Some errors come without the question.
  return reply.readUInt16BE(4) === 0 || asked === echoed;
}

function askOverUdp(question: Buffer, { ip, port }: Located, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', signal });
    socket.once('error', reject);
    socket.on('message', (reply) => {
      if (!isReply(reply, question)) return;
      socket.close();
      resolve(reply);
    });
    // Connected: others are not heard, and a closed port is. Where there is no route to the host, that is reported here and
    // not as an event.
    socket.connect(port, ip, (error?: Error) => {
      if (error === undefined || error === null) socket.send(question);
      else reject(error);
    });
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

function askOverTcp(question: Buffer, { ip, port }: Located, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, signal });
    let heard = Buffer.alloc(0);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed without an answer')));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(question.length);
      socket.write(Buffer.concat([length, question]));
    });
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) return;
      const reply = heard.subarray(2);
      if (isReply(reply, question)) resolve(reply);
      else reject(new Error('an answer to another question'));
      socket.destroy();
    });
  });
}
