// The connection to etcd: one member at a time, the next one when it is of no more use. All calls and streams go through
// here, and none opens a connection of its own: without this one gate, an etcd that was down for 30 s cost 29 323
// connections. Also the login: a token is fetched once, kept for all members, and fetched again when it is refused.
// A call is not repeated here, except after a login: whether that is safe only the caller knows.

import { setTimeout as pause } from 'node:timers/promises';
import { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock.ts';
import type { Rpc } from '../../runtime/rpc.ts';
import { type Fault, isFault } from '../engine.ts';
import { type CallError, type CallFault, callFault, outwardFault, unavailable } from './call-fault.ts';
import type { EtcdEndpoint } from './endpoint.ts';
import { AuthenticateRequestSchema } from './generated/auth_pb.ts';
import { connectMember, type EtcdTls, type Member, type Stream, type StreamHandlers } from './member.ts';
import { rpcs } from './rpcs.ts';

export interface Login {
  readonly user: string;
  /** Asked at each login, so that a changed password file counts. */
  readonly password: () => Promise<string>;
}

export interface ConnectionOptions {
  /** At least one. */
  readonly endpoints: readonly EtcdEndpoint[];
  /** Asked at each connection, so that renewed certificates count. */
  readonly tls?: (() => EtcdTls) | undefined;
  readonly login?: Login | undefined;
  readonly clock: Clock;
}

/** Between two attempts; by chance, so that nodes that lost the same member spread. */
const backoffMs = { min: 100, max: 300 } as const;
/** bcrypt takes 60 ms when idle. */
const loginMs = 5000;
/** Calls that wait for a connection; more fail at once. */
const waitingMax = 256;

export class Connection {
  readonly #options: ConnectionOptions;
  #member: Member | undefined;
  readonly #waiting = new Set<(member: Member | undefined) => void>();
  readonly #closing = new AbortController();
  #trouble = 'not connected yet';
  #attempts = 0;
  #token: string | undefined;
  #login: Promise<CallFault | undefined> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    void this.#keepConnected();
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get member(): Member | undefined {
    return this.#member;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Connections tried so far. */
  get attempts(): number {
    return this.#attempts;
  }

  get hasLogin(): boolean {
    return this.#options.login !== undefined;
  }

  /** Resolves with a member; undefined: closed, or none within `withinMs`, or too many wait already. */
  ready(withinMs?: number): Promise<Member | undefined> {
    if (this.isClosed || this.#member !== undefined) return Promise.resolve(this.#member);
    if (withinMs !== undefined && (withinMs <= 0 || this.#waiting.size >= waitingMax))
      return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const timer = withinMs === undefined ? undefined : setTimeout(() => settle(undefined), withinMs);
      const settle = (member: Member | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(member);
      };
      this.#waiting.add(settle);
    });
  }

  /** One call, within `withinMs` in all. */
  async call<I extends DescMessage, O extends DescMessage>(
    rpc: Rpc<I, O>,
    init: MessageInitShape<I>,
    withinMs: number,
  ): Promise<MessageShape<O> | Fault> {
    const endsAtMs = this.clock.monotonicMs() + withinMs;
    const message = create(rpc.input, init);
    for (let isAgain = false; ; isAgain = true) {
      const leftMs = endsAtMs - this.clock.monotonicMs();
      const member = await this.ready(leftMs);
      if (member === undefined) return unavailable(this.#trouble, false);
      const reply = await this.#loggedIn(member, () =>
        member.unary(rpc, message, this.metadata(), Math.max(1, endsAtMs - this.clock.monotonicMs())),
      );
      if (!('fault' in reply)) return reply;
      if (reply.fault === 'unauthenticated' && !isAgain && this.forgetToken()) continue;
      if (reply.fault === 'unavailable') member.check();
      return outwardFault(reply);
    }
  }

  /** With the token, and the wish to be refused rather than left waiting where there is no leader. */
  metadata(): Metadata {
    const metadata = new Metadata();
    metadata.set('hasleader', 'true');
    if (this.#token !== undefined) metadata.set('token', this.#token);
    return metadata;
  }

  /** The stream's end is the caller's to judge; undefined: there is no member, or no login. */
  async stream<I extends DescMessage, O extends DescMessage>(
    rpc: Rpc<I, O>,
    handlers: StreamHandlers<O>,
  ): Promise<{ readonly member: Member; readonly stream: Stream<I> } | Fault> {
    const member = await this.ready();
    if (member === undefined) return unavailable(this.#trouble, false);
    const fault = await this.#ensureToken(member);
    if (fault !== undefined) return outwardFault(fault);
    if (member.isLost) return unavailable('the connection ended', false);
    return { member, stream: member.stream(rpc, this.metadata(), handlers) };
  }

  /** The next call logs in again. False: there is no user to log in as. */
  forgetToken(): boolean {
    this.#token = undefined;
    return this.hasLogin;
  }

  close(): void {
    if (this.isClosed) return;
    this.#closing.abort();
    this.#trouble = 'closed';
    this.#member?.close('closed');
    this.#member = undefined;
    for (const settle of [...this.#waiting]) settle(undefined);
  }

  async #keepConnected(): Promise<void> {
    const { endpoints } = this.#options;
    for (let turn = 0; !this.isClosed; turn++) {
      const endpoint = endpoints[turn % endpoints.length] as EtcdEndpoint;
      this.#attempts++;
      const member = await this.#connect(endpoint);
      if (typeof member === 'string') this.#trouble = `${endpoint.url}: ${member}`;
      else if (this.isClosed) member.close('closed');
      else {
        this.#member = member;
        for (const settle of [...this.#waiting]) settle(member);
        this.#trouble = `${endpoint.url}: ${await member.lost}`;
        this.#member = undefined;
      }
      const waitMs = backoffMs.min + Math.random() * (backoffMs.max - backoffMs.min);
      await pause(waitMs, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
    }
  }

  /** Files of certificates that cannot be read now, as while they are replaced, are one more reason to try again. */
  async #connect(endpoint: EtcdEndpoint): Promise<Member | string> {
    const { tls, clock } = this.#options;
    let files: EtcdTls;
    try {
      files = tls?.() ?? {};
    } catch (error) {
      return (error as Error).message;
    }
    return connectMember(endpoint, files, clock);
  }

  async #loggedIn<T extends object>(member: Member, call: () => Promise<T | CallError>): Promise<T | CallFault> {
    const fault = await this.#ensureToken(member);
    if (fault !== undefined) return fault;
    const reply = await call();
    // Messages have a $typeName, errors do not.
    return '$typeName' in reply ? (reply as T) : callFault(reply);
  }

  async #ensureToken(member: Member): Promise<CallFault | undefined> {
    if (this.#options.login === undefined || this.#token !== undefined) return undefined;
    this.#login ??= this.#logIn(member, this.#options.login).finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  async #logIn(member: Member, { user, password }: Login): Promise<CallFault | undefined> {
    let secret: string;
    try {
      secret = await password();
    } catch (error) {
      return { fault: 'denied', detail: `cannot read the password of ${user}: ${(error as Error).message}` };
    }
    const request = create(AuthenticateRequestSchema, { name: user, password: secret });
    const reply = await member.unary(rpcs.authenticate, request, new Metadata(), loginMs);
    if (!('$typeName' in reply)) return callFault(reply);
    this.#token = reply.token;
    return undefined;
  }
}

/** Repeats what is safe to repeat while etcd is not available, for at most `withinMs` in all. */
export async function persistently<T extends object>(
  connection: Connection,
  withinMs: number,
  attempt: (leftMs: number) => Promise<T | Fault>,
): Promise<T | Fault> {
  const endsAtMs = connection.clock.monotonicMs() + withinMs;
  for (;;) {
    const leftMs = endsAtMs - connection.clock.monotonicMs();
    const reply = await attempt(Math.max(1, leftMs));
    if (!isFault(reply) || reply.fault !== 'unavailable') return reply;
    if (connection.isClosed || endsAtMs - connection.clock.monotonicMs() <= backoffMs.min) return reply;
    await pause(backoffMs.min);
  }
}
