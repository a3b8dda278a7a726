// One question over DNS, with dns2's messages on sockets of our own: its ready-made clients know no type beyond their
// list (no HTTPS), send no EDNS without a client subnet, split IPv6 addresses at the colon over TCP, and wait there
// without end. UDP first, TCP where the reply is cut; a reply has to come from the server that was asked, with our id and question.
// Limits: one try of `withinMs` for each transport: a lost packet is a finding, not something to smooth over.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type EdeOption, Packet } from 'dns2';
import { type HostPort, hostPortText } from '../host-port.ts';
import { printable } from '../terminal/printable.ts';
import { type DnsRecord, recordOf } from './record-text.ts';

export interface Question {
  readonly name: string;
  readonly type: number;
}

export interface LookupKnobs {
  readonly withinMs?: number;
  readonly tcp?: boolean;
  /** Ask for recursion; true by default. */
  readonly recurse?: boolean;
}

export interface DnsReply {
  readonly rcode: string;
  readonly flags: readonly string[];
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  /** Extended errors (RFC 8914), such as `15 (BLOCKED): why`. */
  readonly extendedErrors: readonly { readonly code: number; readonly text: string }[];
  readonly transport: 'UDP' | 'TCP';
  readonly bytes: number;
  readonly ms: number;
}

/** `timeout`: no answer came; `refused`: nothing listens there; `failed`: any other fault of network or message. */
export interface NoReply {
  readonly kind: 'timeout' | 'refused' | 'failed';
  readonly problem: string;
}

const udpPayloadMax = 1232;

export async function lookUp(
  server: HostPort,
  question: Question,
  knobs: LookupKnobs = {},
): Promise<DnsReply | NoReply> {
  const { withinMs = 3000, tcp = false, recurse = true } = knobs;
  const startedAt = performance.now();
  const id = randomInt(65_536);
  const query = queryBytes(id, question, recurse);
  if ('problem' in query) return query;
  let transport: 'UDP' | 'TCP' = tcp ? 'TCP' : 'UDP';
  let bytes = await (tcp ? overTcp : overUdp)(server, query, withinMs);
  if (!tcp && Buffer.isBuffer(bytes) && ((bytes[2] ?? 0) & 0x02) !== 0) {
    transport = 'TCP';
    bytes = await overTcp(server, query, withinMs);
  }
  if (!Buffer.isBuffer(bytes)) return bytes;
  return replyOf(bytes, server, transport, Math.round(performance.now() - startedAt));
}

function queryBytes(id: number, { name, type }: Question, recurse: boolean): Buffer | NoReply {
  const packet = new Packet();
  Object.assign(packet.header, { id, rd: recurse ? 1 : 0 });
  packet.questions.push(new Packet.Question(name.replace(/\.$/, ''), type, Packet.CLASS.IN));
  packet.additionals.push(Packet.Resource.EDNS([], { udpPayloadSize: udpPayloadMax }));
  try {
    return packet.toBuffer();
  } catch (error) {
    return { kind: 'failed', problem: `${JSON.stringify(name)} is no name to ask for: ${(error as Error).message}` };
  }
}

/** Id and question of a reply are ours; ASCII case aside, since resolvers may not keep it. */
function isReplyTo(reply: Buffer, query: Buffer): boolean {
  if (reply.length < 12 || reply.readUInt16BE(0) !== query.readUInt16BE(0) || ((reply[2] ?? 0) & 0x80) === 0)
    return false;
  if (reply.readUInt16BE(4) === 0) return true;
  const end = query.indexOf(0, 12) + 5;
  const text = (message: Buffer): string => message.toString('latin1', 12, end).toLowerCase();
  return text(reply) === text(query);
}

function noReply(
  server: HostPort,
  transport: string,
  error: NodeJS.ErrnoException | 'timeout',
  withinMs: number,
): NoReply {
  const at = `${hostPortText(server)} over ${transport}`;
  if (error === 'timeout') return { kind: 'timeout', problem: `no reply from ${at} within ${withinMs / 1000} s` };
  if (error.code === 'ECONNREFUSED') return { kind: 'refused', problem: `nothing listens at ${at} (ECONNREFUSED)` };
  return { kind: 'failed', problem: `no reply from ${at}: ${printable(error.message)}` };
}

function overUdp(server: HostPort, query: Buffer, withinMs: number): Promise<Buffer | NoReply> {
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (outcome: Buffer | NoReply): void => {
      clearTimeout(timer);
      socket
        .removeAllListeners()
        .on('error', () => {})
        .close();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(noReply(server, 'UDP', 'timeout', withinMs)), withinMs);
    socket.once('error', (error) => end(noReply(server, 'UDP', error, withinMs)));
    socket.on('message', (message) => {
      if (isReplyTo(message, query)) end(message);
    });
    // Connected: the kernel drops what others send, and reports a port that is not open.
    // That there is no route to the host comes by the callback, and not as an event.
    socket.connect(server.port, server.host, (error?: NodeJS.ErrnoException) => {
      if (error === undefined || error === null) socket.send(query);
      else end(noReply(server, 'UDP', error, withinMs));
    });
  });
}

function overTcp(server: HostPort, query: Buffer, withinMs: number): Promise<Buffer | NoReply> {
  const socket = connect(server.port, server.host);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const end = (outcome: Buffer | NoReply): void => {
      clearTimeout(timer);
      socket
        .removeAllListeners()
        .on('error', () => {})
        .destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => end(noReply(server, 'TCP', 'timeout', withinMs)), withinMs);
    socket.once('error', (error) => end(noReply(server, 'TCP', error, withinMs)));
    socket.once('close', () => end(noReply(server, 'TCP', new Error('the connection was closed'), withinMs)));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const received = Buffer.concat(chunks);
      const whole = received.length >= 2 ? received.readUInt16BE(0) + 2 : Number.POSITIVE_INFINITY;
      if (received.length < whole) return;
      const message = received.subarray(2, whole);
      if (isReplyTo(message, query)) end(message);
      else end(noReply(server, 'TCP', new Error('the reply is to another question'), withinMs));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
  });
}

function replyOf(bytes: Buffer, server: HostPort, transport: 'UDP' | 'TCP', ms: number): DnsReply | NoReply {
  let packet: Packet;
  try {
    packet = Packet.parse(bytes);
  } catch (error) {
    return noReply(server, transport, error as Error, 0);
  }
  const [broken] = packet.errors;
  if (broken !== undefined) return noReply(server, transport, broken, 0);
  const opt = packet.additionals.find(({ type }) => type === Packet.TYPE.EDNS);
  const rcode = packet.header.rcode + ((opt?.extendedRcode ?? 0) << 4);
  const names = ['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const;
  const set = packet.header as object as Readonly<Record<string, number>>;
  const extendedErrors = (opt?.rdata ?? []).filter(({ ednsCode }) => ednsCode === Packet.EDNS_OPTION_CODE.EDE);
  return {
    rcode: rcodeName(rcode),
    flags: names.filter((name) => set[name] === 1),
    answer: packet.answers.map(recordOf),
    authority: packet.authorities.map(recordOf),
    additional: packet.additionals.filter((resource) => resource !== opt).map(recordOf),
    extendedErrors: extendedErrors.map((option) => extendedError(option as EdeOption)),
    transport,
    bytes: bytes.length,
    ms,
  };
}

function rcodeName(rcode: number): string {
  return Object.entries(Packet.RCODE).find(([, number]) => number === rcode)?.[0] ?? `RCODE${rcode}`;
}

function extendedError({ infoCode, extraText }: EdeOption): { code: number; text: string } {
  const name = (Packet.EDE_NAME[infoCode] ?? `code ${infoCode}`).toLowerCase().replaceAll('_', ' ');
  return { code: infoCode, text: printable(extraText ? `${name}: ${extraText}` : name) };
}
