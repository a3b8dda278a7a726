// What the DNS of each node answers for the fleet, asked over and over: every app each second round, and those with a silent
// instance in every one. Most answers are whole, so only their count is read; one that is not is read by name.

import { createSocket, type Socket } from 'node:dgram';
import { packet, typeNumbers } from '../kit/dns/packet.ts';
import { readReply } from '../kit/dns/reply.ts';
import type { ServerProcess } from '../kit/process/server-process.ts';
import { type Fleet, type Member, perApp } from './fleet.ts';

const replyMs = 1500;
/** Of questions that a node is asked at once. */
const atOnce = 64;

/** `refused`: SERVFAIL, of a node that starts. */
type Answers = 'none' | 'refused' | ReadonlySet<string>;

/** One node's DNS over one socket. */
class Asking {
  readonly #socket: Socket = createSocket('udp4');
  readonly #waiting = new Map<number, (bytes: Buffer) => void>();
  #id = 1;

  private constructor() {
    this.#socket.on('message', (bytes) => this.#waiting.get(bytes.readUInt16BE(0))?.(bytes));
    this.#socket.on('error', () => {});
  }

  static at(port: number, host: string): Promise<Asking> {
    const asking = new Asking();
    return new Promise((resolve) => asking.#socket.connect(port, host, () => resolve(asking)));
  }

  /** Undefined: no reply in time. */
  ask(name: string, type: number): Promise<Buffer | undefined> {
    this.#id = (this.#id % 65_000) + 1;
    const id = this.#id;
    return new Promise((resolve) => {
      const settle = (bytes: Buffer | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(bytes);
      };
      const timer = setTimeout(() => settle(undefined), replyMs);
      this.#waiting.set(id, settle);
      this.#socket.send(packet({ id, name, type, edns: true }), () => {});
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** A living instance that a node did not answer. */
export interface Missing {
  readonly node: number;
  readonly name: string;
  readonly atMs: number;
  /** Since its last renewal. */
  readonly heardMsAgo: number;
}

export class Sightings {
  readonly #fleet: Fleet;
  readonly #leaseMs: number;
  readonly #nodeAt: (index: number) => ServerProcess | undefined;
  readonly #asking = new Map<string, Asking>();
  readonly missing: Missing[] = [];
  /** By name of the silent: at each node, when it was first not answered. */
  readonly goneMs = new Map<string, (number | undefined)[]>();
  answers = 0;
  /** When the fault ended. */
  healedMs = 0;
  readonly unanswered = { none: 0, refused: 0 };
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  constructor(fleet: Fleet, leaseMs: number, nodeAt: (index: number) => ServerProcess | undefined) {
    this.#fleet = fleet;
    this.#leaseMs = leaseMs;
    this.#nodeAt = nodeAt;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    for (const asking of this.#asking.values()) asking.close();
  }

  /** In what the nodes differ; undefined: each answers with all that renew, and all have one serial. */
  async difference(): Promise<string | undefined> {
    const serials = await Promise.all([0, 1, 2].map((node) => this.#serial(node)));
    if (serials.includes(undefined) || new Set(serials).size !== 1) return `serials ${serials.join(', ')}`;
    const found = await Promise.all([0, 1, 2].map((node) => this.#lookAll(node)));
    const index = found.findIndex((one) => one !== undefined);
    return index < 0 ? undefined : `n${index + 1}: ${found[index]}`;
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#isOver; round++) {
      const beganMs = performance.now();
      await Promise.all([0, 1, 2].map((node) => this.#round(node, round)));
      await new Promise((resolve) => setTimeout(resolve, Math.max(50, 500 - (performance.now() - beganMs))));
    }
  }

  async #round(node: number, round: number): Promise<void> {
    const silent = new Set(
      this.#fleet.members
        .filter((one) => one.isSilent && this.goneMs.get(one.name)?.[node] === undefined)
        .map(({ index }) => Math.floor(index / perApp)),
    );
    const due = Array.from({ length: this.#fleet.apps }, (_, app) => app).filter(
      (app) => app % 4 === round % 4 || silent.has(app),
    );
    await this.#each(due, (app) => this.#look(node, app));
  }

  /** What is wrong with a node's answers. */
  async #lookAll(node: number): Promise<string | undefined> {
    let wrong: string | undefined;
    const apps = Array.from({ length: this.#fleet.apps }, (_, app) => app);
    await this.#each(apps, async (app) => {
      const living = this.#fleet.membersOf(app).filter((one) => !one.isSilent);
      let answers = await this.#answers(node, app, living.length);
      // As resolvers do: a datagram may be lost.
      if (answers === 'none') answers = await this.#answers(node, app, living.length);
      if (typeof answers === 'string') wrong = `fleet-${app}: ${answers}`;
      else if (answers.size > 0) {
        const missing = living.filter(({ address }) => !answers.has(address));
        if (missing.length > 0) wrong = `fleet-${app}: ${missing.length} missing, such as ${missing[0]?.name}`;
      }
    });
    return wrong;
  }

  async #each(apps: readonly number[], run: (app: number) => Promise<void>): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < apps.length) await run(apps[next++] as number);
    };
    await Promise.all(Array.from({ length: atOnce }, one));
  }

  /** An empty set: as many as expected. */
  async #answers(node: number, app: number, expected: number): Promise<Answers> {
    const asking = await this.#at(node);
    const bytes = await asking?.ask(`fleet-${app}.prod.svc`, typeNumbers.A);
    if (bytes === undefined) return 'none';
    this.answers++;
    const rcode = bytes.readUInt16BE(2) & 15;
    if (rcode !== 0 && rcode !== 3) return 'refused';
    if (bytes.readUInt16BE(6) === expected) return new Set();
    return new Set(readReply(bytes).answer.map(({ data }) => data));
  }

  async #look(node: number, app: number): Promise<void> {
    const members = this.#fleet.membersOf(app);
    const expected = members.filter((one) => !one.isSilent).length;
    const sentMs = performance.now();
    const answers = await this.#answers(node, app, expected);
    if (typeof answers === 'string') {
      if (this.#nodeAt(node) !== undefined) this.unanswered[answers]++;
      return;
    }
    const isThere = (one: Member): boolean => (answers.size === 0 ? !one.isSilent : answers.has(one.address));
    for (const one of members) {
      if (one.isSilent) {
        if (!isThere(one)) this.#gone(one, node, sentMs);
      } else if (!isThere(one) && sentMs - one.renewedMs < this.#leaseMs)
        this.missing.push({ node, name: one.name, atMs: sentMs, heardMsAgo: sentMs - one.renewedMs });
    }
  }

  #gone({ name }: Member, node: number, atMs: number): void {
    const at = this.goneMs.get(name) ?? [undefined, undefined, undefined];
    at[node] ??= atMs;
    this.goneMs.set(name, at);
  }

  async #serial(node: number): Promise<string | undefined> {
    const asking = await this.#at(node);
    const bytes = await asking?.ask('svc', typeNumbers.SOA);
    return bytes === undefined ? undefined : readReply(bytes).answer[0]?.data.split(' ')[2];
  }

  async #at(node: number): Promise<Asking | undefined> {
    const listen = this.#nodeAt(node)?.dnsListens[0];
    if (listen === undefined) return undefined;
    const key = `${listen.host} ${listen.port}`;
    const known = this.#asking.get(key);
    if (known !== undefined) return known;
    const asking = await Asking.at(listen.port, listen.host);
    this.#asking.set(key, asking);
    return asking;
  }
}
