// One node of a cluster, put together: it lists and follows etcd, keeps its session and the peer link, runs the leases
// that are its own, and makes writes true for all nodes. DNS and reads never come here: they are answered from the registry.
// Started in order: session, number space, list, watch, joined. Nothing is answered before the list is in the registry.

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Actor } from '../model/change.ts';
import type { ClusterView, Forgotten } from '../model/cluster-status.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { ChangeGroup, Decision } from '../model/decision.ts';
import type { InstanceKey } from '../model/names.ts';
import type { AnsweredInstance, AnswersHeld, ClusterDeps, ClusterSettings } from './cluster-options.ts';
import { clusterStatus } from './cluster-status.ts';
import { type Fault, isFault, type Listing } from './engine.ts';
import type { Meta } from './epoch.ts';
import { Follower } from './follower.ts';
import { HandedOutAtPeers } from './handed-out-at-peers.ts';
import { afterSeeing, nextStamp } from './hlc.ts';
import { deadNodeKey, instancePath, nodeKey, serialKey, zoneKey } from './keys.ts';
import { LeaseRunner } from './lease-runner.ts';
import { type JoinState, NodeMembership } from './membership.ts';
import { nodeText, parseNode } from './node-value.ts';
import { NodeWatch } from './node-watch.ts';
import { NodesTable } from './nodes-table.ts';
import { numberSpace } from './number-space.ts';
import { PeerCalls } from './peer-calls.ts';
import type { PeerCall } from './peer-link/messages.ts';
import { PeerServer } from './peer-link/peer-server.ts';
import { Peers } from './peers.ts';
import { Publisher } from './publisher.ts';
import { ClusterReplica } from './replica.ts';
import { TombstoneLeases } from './tombstone-leases.ts';
import { Writes } from './writes.ts';

const lookMs = 100;
const appliedMs = 3000;
const helloMs = 1000;
/** A start that finds its name taken waits so much longer than a session lives. */
const occupiedExtraMs = 2000;

export class ClusterNode {
  readonly #settings: ClusterSettings;
  readonly #deps: ClusterDeps;
  readonly table: NodesTable;
  readonly replica: ClusterReplica;
  readonly publisher: Publisher;
  readonly runner: LeaseRunner;
  readonly writes: Writes;
  readonly #server: PeerServer;
  #peers: Peers;
  #membership: NodeMembership | undefined;
  #follower: Follower | undefined;
  readonly #startedAtMs: number;
  #url = '';
  #hlc = 0;
  #operations = 0;
  readonly #watch: NodeWatch;
  #occupied: Uint8Array | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #run = randomBytes(6).toString('hex');
  #isClosed = false;

  constructor(settings: ClusterSettings, deps: ClusterDeps) {
    const { node: me, prefix, sessionSeconds, commitWaitMs } = settings;
    const { engine, registry, clock } = deps;
    this.#settings = settings;
    this.#deps = deps;
    this.#startedAtMs = clock.wallMs();
    this.table = new NodesTable(me, sessionSeconds);
    this.publisher = new Publisher({
      engine,
      serial: { key: prefix + serialKey, value: new TextEncoder().encode(me) },
      commitWaitMs,
      onReply: (result) => isFault(result) && this.#membership?.noteFault(result),
    });
    const now = () => this.#now();
    this.replica = this.#openReplica();
    const tombstones = new TombstoneLeases(engine, clock);
    this.writes = new Writes({
      ...{ me, prefix, registry, replica: this.replica, publisher: this.publisher, tombstones, now },
      stamp: () => this.#stamp(),
      operation: () => `${this.#run}w${++this.#operations}`,
      trouble: () => this.trouble,
      heard: (path) => this.runner.handle({ kind: 'renewal', key: path }),
      watchWaitMs: sessionSeconds * 1000,
    });
    this.runner = this.#openRunner();
    this.#peers = new Peers({
      ...{ me, table: this.table, credentials: deps.credentials, nowMs: () => clock.monotonicMs() },
      notTold: (path, owner) => this.runner.handle({ kind: 'not-told', key: path, owner }),
      answered: (path, heardMs, isComplete) =>
        this.runner.handle({ kind: 'lately-answer', key: path, heardMs, isComplete }),
    });
    this.#watch = new NodeWatch({
      ...{
        me,
        prefix,
        clock,
        table: this.table,
        replica: this.replica,
        runner: this.runner,
        publisher: this.publisher,
      },
      tell: deps.tell,
      ownDeleted: (revision) => this.#membership?.noteDeleted(revision),
    });
    const calls = new PeerCalls({ ...this.#deps, me, table: this.table, runner: this.runner, replica: this.replica });
    const isOpen = () => this.state !== 'starting';
    this.#server = new PeerServer(deps.credentials, (call: PeerCall, body) =>
      isOpen() ? calls.answer(call, body) : undefined,
    );
  }

  get state(): JoinState {
    return this.#membership?.state ?? 'starting';
  }

  /** Why nothing can be written; undefined: it can. */
  get trouble(): string | undefined {
    return this.#membership === undefined ? 'it starts' : this.#membership.trouble;
  }

  get sinceMs(): number {
    return this.#membership?.sinceMs ?? this.#startedAtMs;
  }

  get name(): string {
    return this.#settings.node;
  }

  get session(): bigint | undefined {
    return this.state === 'joined' ? this.#membership?.lease : undefined;
  }

  /** Why it is not joined. */
  get why(): string {
    return this.#membership?.why ?? 'it starts';
  }

  get peers(): Peers {
    return this.#peers;
  }

  get executes(): ReadonlySet<string> {
    return this.#watch.executes;
  }

  /** Monotonic milliseconds until which the session is proven. */
  get provenUntilMs(): number {
    return this.#membership?.provenUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  get follower(): Follower | undefined {
    return this.#follower;
  }

  /** Settles when this node is joined; a problem is a sentence for a person. */
  async start(stopping: AbortSignal): Promise<'joined' | 'stopped' | { readonly problem: string }> {
    const { listen, advertise } = this.#settings;
    const port = await this.#server.listen(listen.host, listen.port);
    if (port instanceof Error)
      return { problem: `Cannot listen for other nodes on ${listen.host}:${listen.port}: ${port.message}` };
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    const scheme = this.#deps.credentials.tls === undefined ? 'http' : 'https';
    this.#url = advertise ?? `${scheme}://${host}:${port}`;
    this.#membership = this.#openMembership();
    const occupied = await this.#whenHeld(stopping);
    if (occupied !== undefined) return occupied;
    const meta = await this.#persistently(stopping, () => numberSpace(this.#deps, this.#settings));
    if (meta === undefined) return 'stopped';
    if ('problem' in meta) return meta;
    const listing = await this.#persistently(stopping, () => this.#deps.engine.list(this.#settings.prefix));
    if (listing === undefined) return 'stopped';
    this.#deps.onLife(meta.life);
    this.#load(listing, meta);
    while (this.state !== 'joined') {
      if (stopping.aborted) return 'stopped';
      await pause(lookMs);
    }
    return 'joined';
  }

  /** A committer: see control/committer.ts. */
  commit<C extends Command>(actor: Actor, command: C, decision: Decision<OutcomeOf<C>>, now: ChangeGroup['at']) {
    return this.writes.commit(actor, command, decision, now);
  }

  renewed(key: InstanceKey): void {
    this.runner.renewed(key);
  }

  /** Until when answers of any node may be held. */
  handedOut(instance: AnsweredInstance): Promise<AnswersHeld> {
    const { clock, registryClock, handedOut } = this.#deps;
    const peers = new HandedOutAtPeers({ table: this.table, peers: this.#peers, me: this.name, registryClock, clock });
    return peers.ask(instance, this.replica.applied, handedOut);
  }

  readonly view: ClusterView = {
    status: () => clusterStatus(this, this.#deps.clock, this.#deps.engine.connectionAttempts),
    forget: (node) => this.forget(node),
  };

  /** Why an instance that another node runs is answered with a TTL of a second. */
  reasonOf(key: InstanceKey): string {
    const owner = this.runner.ownership.ownerOf(instancePath(key));
    return owner === undefined ? '' : this.table.reasonOf(owner, this.#deps.clock.monotonicMs());
  }

  /** The zone files of this node are others now: the serial moves, at all nodes alike. */
  zonesChanged(): void {
    const value = new TextEncoder().encode(JSON.stringify({ v: 1, at: Math.floor(this.#deps.clock.wallMs()) }));
    const key = this.#settings.prefix + zoneKey(this.name);
    void this.publisher.change({ ...this.#unconditional([]), writes: [{ key, value }] });
  }

  /** Strikes off a node that died and will not come back. False: it is none of those. */
  async forget(node: string): Promise<Forgotten> {
    const state = this.table.get(node);
    if (state === undefined) return 'unknown';
    if (state.hasSession || !state.isMissed) return 'alive';
    const { trouble } = this;
    if (trouble !== undefined) return { trouble };
    const reply = await this.publisher.move(this.#unconditional([{ key: this.#settings.prefix + deadNodeKey(node) }]));
    return isFault(reply) ? { trouble: reply.detail } : 'forgotten';
  }

  /** Nothing of etcd's is applied any more, and no lease ends here. */
  quiesce(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#follower?.close();
  }

  /** The session ends at once, and the others go on without a wait. */
  async stop(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.quiesce();
    if (this.state !== 'starting') await this.#peers.bye(this.runner.ownership);
    await this.#membership?.close();
    this.#peers.close();
    await this.#server.close();
    this.#deps.engine.close();
  }

  #openReplica(): ClusterReplica {
    const { node: me, prefix } = this.#settings;
    const { registry, clock, tell } = this.#deps;
    const now = () => this.#now();
    return new ClusterReplica({
      ...{ me, prefix, registry, now },
      events: {
        record: (path, record, isRegistration) => this.runner.record(path, record, isRegistration),
        removed: (path, why, operation, known) => this.runner.removed(path, why, operation, known),
        node: (kind, node, value, revision) => this.#watch.seen(kind, node, value, revision),
        stamp: (hlc) => {
          this.#hlc = afterSeeing(this.#hlc, hlc, clock.wallMs());
        },
        bad: (key, problem) => tell('warn', { key, problem }, 'skips what cannot be read in etcd'),
      },
    });
  }

  #openRunner(): LeaseRunner {
    const { node: me, prefix, guardPercent, evictionPercentPerMinute, guardCeilingSeconds } = this.#settings;
    const { registry, clock, onOwner } = this.#deps;
    const now = () => this.#now();
    return new LeaseRunner({
      ...{ me, prefix, registry, replica: this.replica, publisher: this.publisher, writes: this.writes, now },
      ...{ table: this.table, peers: () => this.#peers, nowMs: () => clock.monotonicMs(), idPrefix: `${this.#run}o` },
      ...{ guardPercent, evictionPercentPerMinute, guardCeilingSeconds },
      sessionLease: () => this.#membership?.lease,
      onOwner: (key, isOwn) => {
        const stored = registry.find(key);
        if (stored !== undefined) onOwner(stored.instance, isOwn);
      },
    });
  }

  #openMembership(): NodeMembership {
    const { engine, clock } = this.#deps;
    const { prefix, node, sessionSeconds } = this.#settings;
    return new NodeMembership({
      ...{ engine, clock, key: prefix + nodeKey(node), sessionSeconds },
      value: () => new TextEncoder().encode(this.#ownValue()),
      applied: (revision) => this.replica.hasApplied(revision, appliedMs),
      onState: (state, why) => this.#onState(state, why),
      onOccupied: (holder) => {
        this.#occupied = holder;
      },
    });
  }

  #ownValue(): string {
    const { version } = this.#deps;
    return nodeText({ url: this.#url, version, startedAtMs: this.#startedAtMs });
  }

  async #whenHeld(stopping: AbortSignal): Promise<undefined | 'stopped' | { readonly problem: string }> {
    const { clock, tell } = this.#deps;
    const { node, sessionSeconds } = this.#settings;
    const fromMs = clock.monotonicMs();
    let saidMs = fromMs;
    while (this.#membership?.lease === undefined) {
      if (stopping.aborted) return 'stopped';
      const nowMs = clock.monotonicMs();
      if (this.#occupied !== undefined && nowMs - fromMs > sessionSeconds * 1000 + occupiedExtraMs) {
        const holder = parseNode(this.#occupied);
        const who = 'url' in holder ? `${holder.url}, since ${new Date(holder.startedAtMs).toISOString()}` : 'unknown';
        return { problem: `Another node of the cluster is called "${node}" and runs (${who}): names must be unique` };
      }
      if (nowMs - saidMs > 5000) {
        saidMs = nowMs;
        this.#membership?.look();
        tell('warn', { why: this.#membership?.why }, 'waits for etcd');
      }
      await pause(lookMs);
    }
    return undefined;
  }

  /** Tries until there is a reply; undefined: the start was given up. */
  async #persistently<T extends object>(
    stopping: AbortSignal,
    attempt: () => Promise<T | Fault>,
  ): Promise<T | undefined> {
    while (!stopping.aborted) {
      const reply = await attempt();
      if (!isFault(reply)) return reply;
      this.#deps.tell('warn', { fault: reply.fault, why: reply.detail }, 'waits for etcd');
      await pause(1000);
    }
    return undefined;
  }

  #load(listing: Listing, meta: Meta): void {
    const { clock } = this.#deps;
    for (const entry of listing.entries) if (entry.key.startsWith(`${this.#settings.prefix}n/`)) this.#seeNode(entry);
    this.replica.load(listing, meta);
    for (const state of this.table.all())
      if (!state.hasSession) state.owned = Math.max(state.owned, this.replica.ownedBy(state.node));
    const membership = this.#membership as NodeMembership;
    this.#follower = new Follower({
      ...{ engine: this.#deps.engine, prefix: this.#settings.prefix, replica: this.replica, membership },
      ...{ clock, tell: this.#deps.tell, onGap: this.#deps.onGap },
    });
    this.#follower.follow(listing);
    this.#timers.push(setInterval(() => this.#look(), lookMs).unref());
    this.#timers.push(setInterval(() => this.#hello(), helloMs).unref());
  }

  #seeNode({ key, value, modRevision }: Listing['entries'][number]): void {
    this.#watch.seen('node', key.slice(this.#settings.prefix.length + 2), value, modRevision);
  }

  #look(): void {
    const membership = this.#membership;
    if (membership === undefined || this.#isClosed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    membership.look();
    const untilMs = membership.state === 'joined' ? membership.provenUntilMs : Number.NEGATIVE_INFINITY;
    this.runner.handle({ kind: 'proven', untilMs });
    this.#watch.look(nowMs, membership.state === 'joined');
    this.runner.look(this.#now(), nowMs);
  }

  #hello(): void {
    if (this.state === 'starting') return;
    const owned = this.replica.ownedBy(this.name);
    this.#peers.hello({ node: this.name, isJoined: this.state === 'joined', owned, ...this.runner.marks });
  }

  #onState(state: JoinState, why: string): void {
    const { tell } = this.#deps;
    if (state === 'joined') {
      this.runner.handle({ kind: 'proven', untilMs: this.provenUntilMs });
      this.runner.handle({ kind: 'joined' });
      const key = this.#settings.prefix + deadNodeKey(this.name);
      void this.publisher.move(this.#unconditional([{ key }]));
      tell('info', { node: this.name, nodes: [...this.table.all()].length }, 'joined the cluster');
    } else {
      this.runner.handle({ kind: 'cut' });
      tell('warn', { node: this.name, why }, `is ${state}: it goes on answering, and removes nothing`);
    }
  }

  #unconditional(writes: readonly { readonly key: string }[]) {
    return { conditions: [], writes, reads: [], isOwn: () => false };
  }

  #stamp(): number {
    this.#hlc = nextStamp(this.#hlc, this.#deps.clock.wallMs());
    return this.#hlc;
  }

  #now(): ChangeGroup['at'] {
    const { registryClock } = this.#deps;
    return { monotonicMs: registryClock.monotonicMs(), wallMs: registryClock.wallMs() };
  }
}
