// Whether this node may speak for the cluster. It is joined while its session is proven to live, its watch is live, and it
// has seen all that was written before it joined (it puts its own key and waits for that to come back). Otherwise it is
// cut: it goes on answering, takes renewals, and removes and writes nothing.

import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import type { Engine, Fault, Following, Session, SessionEvent } from '../engine.ts';
import { isFault } from '../engine.ts';
import { faultSentence } from './fault-sentence.ts';

export type JoinState = 'starting' | 'joined' | 'cut' | 'rewound';

const watchSilenceMs = 3000;
const noSpaceMs = 5000;

export interface NodeMembershipDeps {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly key: string;
  readonly value: () => Uint8Array;
  readonly sessionSeconds: number;
  /** Settles once the registry has everything up to a revision of etcd's; false: not in time. */
  readonly applied: (revision: number) => Promise<boolean>;
  /** What this node did while it was cut off is decided; otherwise why not. Called before it counts as joined. */
  readonly settle: () => Promise<string | undefined>;
  /** The own last session, which may hold the name still. */
  readonly replaces: bigint | undefined;
  readonly onHeld: (lease: bigint) => void;
  readonly onState: (state: JoinState, why: string) => void;
  readonly onOccupied: (holder: Uint8Array) => void;
}

export class NodeMembership {
  readonly #deps: NodeMembershipDeps;
  readonly #session: Session;
  #following: Following | undefined;
  #isLive = false;
  #isJoining = false;
  #state: JoinState = 'starting';
  #why = 'it has not been joined yet';
  #noSpaceUntilMs = Number.NEGATIVE_INFINITY;
  #sessionFault: string | undefined;
  sinceMs: number;

  constructor(deps: NodeMembershipDeps) {
    this.#deps = deps;
    this.sinceMs = deps.clock.wallMs();
    const { engine, key, sessionSeconds, replaces } = deps;
    const options = { key, value: deps.value(), ttlSeconds: sessionSeconds, replaces };
    this.#session = engine.session(options, (event) => this.#onSession(event));
  }

  get state(): JoinState {
    return this.#state;
  }

  get why(): string {
    return this.#why;
  }

  get lease(): bigint | undefined {
    return this.#session.lease;
  }

  get provenUntilMs(): number {
    return this.#session.provenUntilMs;
  }

  /** Why it may not write; undefined: it may. */
  get trouble(): string | undefined {
    return this.#state === 'joined' ? undefined : this.#why;
  }

  follow(following: Following): void {
    this.#following = following;
  }

  setLive(isLive: boolean): void {
    this.#isLive = isLive;
  }

  noteFault(fault: Fault): void {
    if (fault.fault === 'no-space') this.#noSpaceUntilMs = this.#deps.clock.monotonicMs() + noSpaceMs;
  }

  noteDeleted(revision: number): void {
    this.#session.noteDeleted(revision);
  }

  /** The engine's history is another: nothing that it sends is used. */
  rewound(): void {
    this.#set('rewound', "etcd's history is not the one that was followed");
  }

  /** It has restored what etcd had lost. */
  restored(): void {
    if (this.#state === 'rewound') this.#set('cut', 'it has just restored what etcd had lost');
  }

  /** It answers with what it had when it was last joined. */
  beginCut(why: string): void {
    this.#set('cut', why);
  }

  /** To be called several times a second. */
  look(): void {
    if (this.#state === 'rewound') return;
    const lacking = this.#lacking();
    if (lacking !== undefined) {
      if (this.#state === 'joined') this.#set('cut', lacking);
      else this.#why = lacking;
    } else if (this.#state !== 'joined') void this.#join();
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  #lacking(): string | undefined {
    const nowMs = this.#deps.clock.monotonicMs();
    const { lease, provenUntilMs, why } = this.#session;
    if (lease === undefined) return this.#sessionFault ?? why ?? 'it has no session in etcd';
    if (nowMs >= provenUntilMs) return why ?? 'etcd has not confirmed its session in time';
    if (!this.#isLive || this.#following === undefined) return 'its watch of etcd is broken';
    if (nowMs - this.#following.heardMs > watchSilenceMs) return `etcd was not heard for ${watchSilenceMs / 1000} s`;
    return nowMs < this.#noSpaceUntilMs ? faultSentence({ fault: 'no-space', detail: '' }) : undefined;
  }

  async #join(): Promise<void> {
    if (this.#isJoining) return;
    this.#isJoining = true;
    const trouble = await this.#sync();
    this.#isJoining = false;
    if (trouble === undefined && this.#lacking() === undefined && this.#state !== 'rewound') this.#set('joined', '');
    else if (trouble !== undefined) this.#why = trouble;
  }

  /** Undefined: it has seen everything up to now. */
  async #sync(): Promise<string | undefined> {
    const { engine, key, value, applied } = this.#deps;
    const { lease } = this.#session;
    if (lease === undefined) return 'it has no session in etcd';
    const conditions = [{ key, is: 'leased', lease } as const];
    const swap = { conditions, writes: [{ key, value: value(), lease }], reads: [], isOwn: () => false };
    const reply = await engine.swap({ swaps: [swap], puts: [] }, 2000);
    if (isFault(reply)) {
      this.noteFault(reply);
      await pause(200, undefined, { ref: false });
      return faultSentence(reply);
    }
    if (reply.verdicts[0]?.verdict !== 'won') {
      // Or its key alone was deleted, while the watch that would have brought that was not open.
      if (lease === this.#session.lease) this.noteDeleted(reply.revision);
      return 'its session has ended meanwhile';
    }
    return (await applied(reply.revision)) ? this.#deps.settle() : 'its watch is late';
  }

  #onSession(event: SessionEvent): void {
    this.#sessionFault = event.kind === 'failed' ? faultSentence(event.fault) : undefined;
    if (event.kind === 'failed') this.noteFault(event.fault);
    if (event.kind === 'held') this.#deps.onHeld(event.lease);
    if (event.kind === 'occupied') this.#deps.onOccupied(event.holder.value);
    if (event.kind === 'lost' && this.#state === 'joined') this.#set('cut', 'etcd has ended its session');
  }

  #set(state: JoinState, why: string): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#why = why;
    this.sinceMs = this.#deps.clock.wallMs();
    this.#deps.onState(state, why);
  }
}
