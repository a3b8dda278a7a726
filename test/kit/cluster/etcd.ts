// etcd as it is installed, one member or several, on ports of their own: to be killed, stopped and started again. What is
// asked of it beside the client under test goes over its JSON gateway, so that the two cannot be wrong together.

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireInCi } from '../process/installed.ts';
import { type Program, start, startWhen } from '../process/program.ts';
import { freePort, removeScratch, scratch } from '../process/scratch.ts';

/** For `describe.skipIf(missingEtcd.length > 0)`. */
export const missingEtcd = requireInCi(['etcd', 'openssl'], 'etcd-server openssl');

export interface EtcdOptions {
  readonly members?: number;
  readonly args?: readonly string[];
  /** Files of a certificate for 127.0.0.1, asked of clients too. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Where each member runs; on this host by default. */
  readonly places?: readonly EtcdPlace[];
}

export interface EtcdPlace {
  readonly host: string;
  /** What comes before the command. */
  readonly enter: readonly string[];
}

const here: EtcdPlace = { host: '127.0.0.1', enter: [] };

export class EtcdMember {
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly name: string;
  readonly #args: readonly string[];
  readonly #folder: string;
  readonly #command: readonly [string, ...string[]];
  #program: Program | undefined;

  constructor(
    name: string,
    folder: string,
    { clientUrl, peerUrl }: { readonly clientUrl: string; readonly peerUrl: string },
    args: readonly string[],
    enter: readonly string[],
  ) {
    this.name = name;
    this.clientUrl = clientUrl;
    this.peerUrl = peerUrl;
    const [first, ...more] = enter;
    this.#command = first === undefined ? ['etcd'] : [first, ...more, 'etcd'];
    this.#folder = join(folder, name);
    this.#args = args;
  }

  /** Starts the program; `isUp` waits for the whole cluster. */
  spawn(cluster: string): void {
    const { name, clientUrl, peerUrl } = this;
    const [command, ...before] = this.#command;
    this.#program = start(command, [
      ...before,
      ...['--name', name, '--data-dir', this.#folder],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', cluster],
      ...['--heartbeat-interval', '100', '--election-timeout', '1000'],
      ...['--logger', 'zap', '--log-level', 'error'],
      ...this.#args,
    ]);
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error(`${this.name} was not started`);
    return this.#program;
  }

  signal(signal: NodeJS.Signals): void {
    this.program.child.kill(signal);
  }

  /** A stopped one is killed all the same. */
  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL');
  }

  /** A copy of its data, as of a backup; while it does not run. */
  save(): void {
    cpSync(this.#folder, `${this.#folder}.saved`, { recursive: true });
  }

  /** It has what it had when it was saved. */
  restore(): void {
    this.wipe();
    cpSync(`${this.#folder}.saved`, this.#folder, { recursive: true });
  }

  wipe(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Etcd implements AsyncDisposable {
  readonly members: readonly EtcdMember[];
  readonly #folder: string;

  constructor(members: readonly EtcdMember[], folder: string) {
    this.members = members;
    this.#folder = folder;
  }

  get urls(): string[] {
    return this.members.map(({ clientUrl }) => clientUrl);
  }

  memberAt(url: string): EtcdMember {
    const member = this.members.find(({ clientUrl }) => clientUrl === url);
    if (member === undefined) throw new Error(`no member at ${url}`);
    return member;
  }

  /** Starts these members and waits until each prints nothing wrong and answers; TLS ones are only waited for by port. */
  async start(members: readonly EtcdMember[] = this.members): Promise<void> {
    const cluster = this.members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    for (const member of members) member.spawn(cluster);
    await Promise.all(
      members.map((member) => startWhen(`etcd ${member.name}`, member.program, () => answers(member.clientUrl))),
    );
  }

  /** The JSON gateway of the first member, or another. */
  async ask(path: string, body: unknown, { member = this.members[0], token = '' } = {}): Promise<GatewayReply> {
    const response = await fetch(`${member?.clientUrl}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: token === '' ? {} : { authorization: token },
    });
    const reply = (await response.json()) as GatewayReply;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(reply)}`);
    return reply;
  }

  async put(key: string, value: string): Promise<void> {
    await this.ask('kv/put', { key: base64(key), value: base64(value) });
  }

  async revision(): Promise<number> {
    const { header } = await this.ask('kv/range', { key: base64('x') });
    return Number(header?.revision);
  }

  async leader(): Promise<EtcdMember> {
    for (const member of this.members) {
      const { header, leader } = await this.ask('maintenance/status', {}, { member });
      if (leader === header?.member_id) return member;
    }
    throw new Error('no member leads');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    removeScratch(this.#folder);
  }
}

export interface GatewayReply {
  readonly header?: { readonly revision: string; readonly member_id: string };
  readonly leader?: string;
  readonly token?: string;
  readonly kvs?: readonly { readonly value: string }[];
}

export async function startEtcd({ members = 1, args = [], tls, places = [] }: EtcdOptions = {}): Promise<Etcd> {
  const folder = scratch();
  const secured =
    tls === undefined
      ? []
      : ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth'];
  const scheme = tls === undefined ? 'http' : 'https';
  const list: EtcdMember[] = [];
  for (let index = 1; index <= members; index++) {
    const { host, enter } = places[index - 1] ?? here;
    const clientUrl = `${scheme}://${host}:${await freePort()}`;
    const peerUrl = `http://${host}:${await freePort()}`;
    list.push(new EtcdMember(`m${index}`, folder, { clientUrl, peerUrl }, [...secured, ...args], enter));
  }
  const etcd = new Etcd(list, folder);
  await etcd.start();
  return etcd;
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Healthy: has a leader and answers a read with quorum. Without our certificate, a refused handshake is an answer. */
async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`);
    return ((await response.json()) as { health: string }).health === 'true';
  } catch (error) {
    return url.startsWith('https') && !/ECONNREFUSED/.test(String((error as Error).cause));
  }
}
