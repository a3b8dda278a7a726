// What other nodes ask of this one, over the peer link. A hearing that was forwarded here is never forwarded again.

import type { AnsweredInstance, AnswersHeld } from '../model/answers-held.ts';
import { isObject } from '../model/instance.ts';
import type { RemoteMark } from '../model/remote-mark.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ClusterSettings } from './cluster-options.ts';
import { type Engine, isFault } from './engine.ts';
import type { FileCandidates } from './leases/file-candidates.ts';
import type { LeaseRunner } from './leases/lease-runner.ts';
import type { JoinState } from './nodes/membership.ts';
import type { NodesTable } from './nodes/nodes-table.ts';
import {
  type AnswersHeldQuestion,
  answersHeldQuestionOf,
  appliedOf,
  type Hello,
  hearingsOf,
  helloOf,
  keptBeyond,
  type PeerCall,
  questionOf,
  relayedOf,
  type Timed,
  witnessOf,
} from './peer-link/messages.ts';
import type { Peers } from './peer-link/peers.ts';
import { writeReplyToJson } from './peer-link/write-reply.ts';
import type { PeerNetwork } from './peers-engine/peer-network.ts';
import type { CutWrites } from './reconciliation/cut-writes.ts';
import { writeOf } from './records/command-json.ts';
import { instancePath } from './records/keys.ts';
import type { RegistryPort } from './registry-port.ts';
import type { ClusterReplica } from './replica/replica.ts';
import type { Writes } from './writes/writes.ts';
import type { ZoneDigests } from './zone-digests.ts';

/** A peer has not asked before its own watch had it: this node's is not far behind. */
const appliedWaitMs = 1000;
/** Resolvers hold a record for a little longer than its TTL. */
const beyondTtlMs = 1500;

export interface PeerCallsDeps {
  readonly me: string;
  readonly table: NodesTable;
  readonly runner: LeaseRunner;
  readonly replica: ClusterReplica;
  readonly clock: Clock;
  readonly registryClock: Clock;
  readonly answersHeld: (instance: AnsweredInstance) => Promise<AnswersHeld>;
  readonly peers: Pick<Peers, 'call'>;
  readonly registry: Pick<RegistryPort, 'reviewGuard'>;
  /** Answers a question for changes that this node has applied; undefined: it cannot. */
  readonly ownEvents: (question: unknown) => Promise<object | undefined>;
  readonly engine: Pick<Engine, 'read'>;
  readonly prefix: string;
  readonly mode: ClusterSettings['mode'];
  readonly network: PeerNetwork | undefined;
  readonly state: () => JoinState;
  readonly writes: Pick<Writes, 'commitAs'>;
  readonly cutWrites: Pick<CutWrites, 'take'>;
  readonly candidates: Pick<FileCandidates, 'list' | 'heard'>;
  readonly zoneDigests: Pick<ZoneDigests, 'text'>;
}

export class PeerCalls {
  readonly #deps: PeerCallsDeps;
  readonly #startedMs: number;

  constructor(deps: PeerCallsDeps) {
    this.#deps = deps;
    this.#startedMs = deps.registryClock.monotonicMs();
  }

  answer(call: PeerCall, body: unknown): object | undefined | Promise<object | undefined> {
    switch (call) {
      case 'hello':
        return this.#hello(body);
      case 'forwarded': {
        const hearings = hearingsOf(body);
        if (hearings !== undefined) this.#deps.runner.forwarded(hearings.heard);
        return hearings && {};
      }
      case 'lately':
        return this.#lately(body);
      case 'bye':
        return this.#bye(body);
      case 'heard':
        return this.#known(body);
      case 'relay':
        return this.#relay(body);
      case 'write':
        return this.#write(body);
      case 'pending':
        return this.#pending(body);
      case 'events':
        return this.#events(body);
      case 'applied':
        return this.#applied(body);
      case 'witness': {
        const node = witnessOf(body);
        return node === undefined ? undefined : { node, heardMsAgo: this.#heardMsAgo(node) };
      }
      case 'zones':
        return { zones: this.#deps.zoneDigests.text };
      case 'files':
        return this.#deps.candidates.list();
      case 'answers-held': {
        const question = answersHeldQuestionOf(body);
        return question && this.#answersHeld(question);
      }
    }
  }

  #hello(body: unknown): object | undefined {
    const hello = helloOf(body);
    const { me, table, runner, clock, registryClock, network } = this.#deps;
    if (hello === undefined || hello.node === me || network?.living.hello(hello) === false) return undefined;
    const nowMs = clock.monotonicMs();
    const state = table.known(hello.node, nowMs);
    const marks = marksIn(hello, registryClock.monotonicMs());
    const moved = new Set([...state.marks.keys(), ...marks.keys()]);
    const isAll = state.isAllMarked !== hello.isAllMarked;
    state.provenMs = nowMs;
    state.hasSentHello = true;
    state.isJoined = hello.isJoined;
    state.owned = hello.owned;
    if (hello.wallMs !== undefined) state.skewMs = hello.wallMs - clock.wallMs();
    state.marks = marks;
    state.isAllMarked = hello.isAllMarked;
    const isLosing = (state.losses?.registry ?? 0) > 0 || (hello.losses?.registry ?? 0) > 0;
    state.losses = hello.losses;
    if (isLosing) this.#deps.registry.reviewGuard();
    runner.handle({ kind: 'hello', node: hello.node });
    if (hello.files !== undefined) this.#deps.candidates.heard(hello.node, hello.files);
    network?.heard(hello);
    runner.trust(state, isAll, moved);
    return {};
  }

  #lately(body: unknown): object | undefined {
    const question = questionOf(body);
    if (question === undefined) return undefined;
    const { me, runner, clock } = this.#deps;
    const nowMs = clock.monotonicMs();
    const heard = question.keys.flatMap((path): Timed[] => {
      const heardMs = runner.ownership.heardMs(path);
      return heardMs === undefined ? [] : [[path, Math.max(0, nowMs - heardMs)]];
    });
    return { node: me, heard };
  }

  /** Of instances that a peer does not know: those that are here. */
  #known(body: unknown): object | undefined {
    const { replica, runner, network } = this.#deps;
    const question = questionOf(body);
    if (question === undefined) return undefined;
    const here = question.keys.filter((path) => runner.ownership.stateOf(path) !== undefined);
    const known = here.map((path) => [path, replica.known(path)?.modRevision ?? 0]);
    return network === undefined ? { known } : { known, entries: network.entriesOf(here) };
  }

  /** A peer does not reach the owner; perhaps this node does. Relayed once and no further. */
  async #relay(body: unknown): Promise<object | undefined> {
    const relayed = relayedOf(body);
    const { me, peers } = this.#deps;
    if (relayed === undefined || relayed.owner === me) return undefined;
    const { owner, node, heard } = relayed;
    return { isForwarded: (await peers.call(owner, 'forwarded', { node, heard })) !== undefined };
  }

  #bye(body: unknown): object | undefined {
    const hearings = hearingsOf(body);
    const { table, runner, clock, network } = this.#deps;
    if (hearings === undefined) return undefined;
    network?.living.left(hearings.node);
    table.left(hearings.node, clock.monotonicMs());
    runner.handle({ kind: 'bye', node: hearings.node, leftMs: new Map(hearings.heard) });
    return {};
  }

  /** Of the same numbers alone: a node that counts by itself has others. */
  #events(body: unknown): object | undefined | Promise<object | undefined> {
    const { replica, ownEvents, network } = this.#deps;
    // Of mode `peers` each node has numbers of its own.
    if (network !== undefined) return undefined;
    const life = isObject(body) ? body['life'] : undefined;
    return replica.isDiverged || life !== replica.meta?.life ? undefined : ownEvents(body);
  }

  /** Undefined: never. */
  #heardMsAgo(node: string): number | undefined {
    const { network, clock } = this.#deps;
    const agoMs = clock.monotonicMs() - (network?.living.heardMs(node) ?? Number.NEGATIVE_INFINITY);
    return Number.isFinite(agoMs) ? agoMs : undefined;
  }

  #applied(body: unknown): object | undefined {
    const applied = appliedOf(body);
    if (applied === undefined) return undefined;
    const { node, life, revision } = applied;
    this.#deps.network?.replication.acknowledged(node, life, revision);
    return {};
  }

  /** A write that came to a node which is cut off from etcd. */
  async #write(body: unknown): Promise<object | undefined> {
    const { me, state, writes, engine, prefix } = this.#deps;
    const write = writeOf(body, me);
    if (write === undefined) return undefined;
    if (state() !== 'joined') return writeReplyToJson({ kind: 'not-joined' });
    const { actor, command, operation, hlc } = write;
    const outcome = await writes.commitAs(actor, command, operation, hlc);
    if (outcome.kind === 'no-quorum')
      return outcome.isUnknown ? undefined : writeReplyToJson({ kind: 'refused', reason: outcome.reason });
    const read = await engine.read(prefix + instancePath(command.key));
    return isFault(read) ? undefined : writeReplyToJson({ kind: 'taken', outcome: outcome.kind, record: read.entry });
  }

  /** Writes that a node accepted which is cut off, as this one is. */
  #pending(body: unknown): object | undefined {
    const { me, mode, state, cutWrites } = this.#deps;
    const list: unknown = isObject(body) ? body['writes'] : undefined;
    if (!Array.isArray(list)) return undefined;
    if (mode !== 'ap' || state() !== 'cut') return { kept: false };
    for (const one of list) {
      const write = writeOf(one, me);
      if (write !== undefined) cutWrites.take(write);
    }
    return { kept: true };
  }

  async #answersHeld(question: AnswersHeldQuestion): Promise<object | undefined> {
    const { registryClock, answersHeld, network, replica } = this.#deps;
    const { env, appid, instance, dnsTtl, revision, node } = question;
    const isApplied =
      network === undefined || node === undefined
        ? await replica.hasApplied(revision, appliedWaitMs)
        : await network.hasFollowed(node, revision, appliedWaitMs);
    if (!isApplied) return undefined;
    const { lastServedMs, heldUntilMs } = await answersHeld({ env, appid, instance, dnsTtl });
    // Before it started, an earlier run of this node may have answered with it.
    const earlierMs = this.#startedMs + dnsTtl * 1000 + beyondTtlMs;
    const nowMs = registryClock.monotonicMs();
    const servedMsAgo = lastServedMs === undefined ? undefined : Math.max(0, nowMs - lastServedMs);
    return { heldMs: Math.max(0, Math.max(heldUntilMs, earlierMs) - nowMs), servedMsAgo };
  }
}

/** With the times of this node's lease clock. */
function marksIn({ marks, leftMs }: Hello, nowMs: number): ReadonlyMap<string, RemoteMark> {
  return new Map(
    marks.map((path, index): [string, RemoteMark] => {
      const left = leftMs?.[index] ?? keptBeyond;
      return [path, left === keptBeyond ? 'suspect' : { endsMs: nowMs + left }];
    }),
  );
}
