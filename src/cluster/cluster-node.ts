// One node of a cluster: it lists and follows etcd, keeps its session and the peer link, runs the leases that are its own,
// and makes writes true for all nodes. DNS and reads never come here: they are answered from the registry.
// Started in order: session, number space, list, watch, joined. Nothing is answered before the list is in the registry, or,
// where etcd does not answer, what the data folder has of it.

import { setTimeout as pause } from 'node:timers/promises';
import type { AnsweredInstance, AnswersHeld } from '../model/answers-held.ts';
import type { Actor } from '../model/change.ts';
import type { ClusterMode, ClusterView, Forgotten } from '../model/cluster-status.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { ChangeGroup, Decision } from '../model/decision.ts';
import type { OthersShare } from '../model/losses.ts';
import type { AppKey, InstanceKey } from '../model/names.ts';
import type { Override } from '../model/status.ts';
import type { ClusterDeps, ClusterSettings } from './cluster-options.ts';
import { type EngineStatus, isFault, type Listing } from './engine.ts';
import type { Elsewhere } from './leases/heard-elsewhere.ts';
import { suspicionOf } from './leases/remote-suspicion.ts';
import { NodeParts } from './node-parts.ts';
import { ClockWatch } from './nodes/clock-watch.ts';
import { clusterStatus } from './nodes/cluster-status.ts';
import { type JoinState, NodeMembership } from './nodes/membership.ts';
import { nodeText } from './nodes/node-value.ts';
import type { NodeInfo } from './nodes/nodes-table.ts';
import { AnswersHeldAtPeers } from './peer-link/answers-held-at-peers.ts';
import { type Hello, lossesMax, type PeerCall } from './peer-link/messages.ts';
import { PeerServer } from './peer-link/peer-server.ts';
import type { PeerNetwork } from './peers-engine/peer-network.ts';
import { type Reached, reachEtcd } from './reaching.ts';
import { otherCluster } from './reconciliation/restoring.ts';
import type { Meta } from './records/epoch.ts';
import { nodeKey } from './records/keys.ts';
import { Follower } from './replica/follower.ts';
import type { Copied } from './replica/local-copy.ts';
import { upToDate } from './replica/up-to-date.ts';
import { NodeAndHoldWrites } from './writes/node-and-hold-writes.ts';

const lookMs = 100;
const sessionMarginMs = 1000;
const appliedMs = 3000;
const helloMs = 1000;
const driftMs = 600_000;
const etcdLookMs = 15_000;
/** What was not restored by then, after etcd was wiped, has no node that runs it. */
const missingMs = 180_000;

export class ClusterNode {
  readonly #settings: ClusterSettings;
  readonly #deps: ClusterDeps;
  readonly parts: NodeParts;
  readonly #server: PeerServer;
  #follower: Follower | undefined;
  readonly #startedAtMs: number;
  #url = '';
  #occupied: Uint8Array | undefined;
  #etcd: EngineStatus | undefined;
  readonly #clockWatch: ClockWatch;
  readonly #nodeAndHoldWrites: NodeAndHoldWrites;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(settings: ClusterSettings, deps: ClusterDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#startedAtMs = deps.clock.wallMs();
    this.parts = new NodeParts(settings, deps);
    this.#nodeAndHoldWrites = new NodeAndHoldWrites(settings.prefix, this.parts);
    this.#clockWatch = new ClockWatch(deps.log);
    const isOpen = () => this.state !== 'starting';
    const { network } = deps;
    this.#server = new PeerServer(
      deps.credentials,
      (call: PeerCall, body) => (isOpen() ? this.parts.calls.answer(call, body) : undefined),
      network === undefined ? undefined : (query, response) => network.changes(query, response),
    );
  }

  get state(): JoinState {
    return this.parts.state;
  }

  /** Why nothing can be written; undefined: it can. */
  get trouble(): string | undefined {
    return this.parts.trouble;
  }

  /** Nodes whose zone files are not this node's. */
  get zoneDifferences() {
    return this.parts.zoneDigests.differences();
  }

  get sinceMs(): number {
    return this.parts.membership?.sinceMs ?? this.#startedAtMs;
  }

  get name(): string {
    return this.#settings.node;
  }

  get mode(): ClusterMode {
    return this.#settings.mode;
  }

  get network(): PeerNetwork | undefined {
    return this.#deps.network;
  }

  get session(): bigint | undefined {
    return this.state === 'joined' ? this.parts.membership?.lease : undefined;
  }

  /** Why it is not joined. */
  get why(): string {
    return this.parts.membership?.why ?? 'it starts';
  }

  /** Monotonic milliseconds until which the session is proven. */
  get provenUntilMs(): number {
    return this.parts.membership?.provenUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  /** As long as a session is proven to live from when it is confirmed: see etcd/lease-session.ts. */
  get provenForMs(): number {
    return this.#settings.sessionSeconds * 1000 - sessionMarginMs;
  }

  /** As the member in use sent it last. */
  get etcd(): EngineStatus | undefined {
    return this.#etcd;
  }

  get follower(): Follower | undefined {
    return this.#follower;
  }

  /** Settles when this node can answer: joined, or with what its data folder has. A problem is a sentence for a person. */
  async start(stopping: AbortSignal): Promise<'started' | 'stopped' | { readonly problem: string }> {
    const { listen, advertise, prefix } = this.#settings;
    const { credentials, copy } = this.#deps;
    const port = await this.#server.listen(listen.host, listen.port);
    if (port instanceof Error)
      return { problem: `Cannot listen for other nodes on ${listen.host}:${listen.port}: ${port.message}` };
    const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
    this.#url = advertise ?? `${credentials.tls === undefined ? 'http' : 'https'}://${host}:${port}`;
    const { network } = this.#deps;
    const copied = network === undefined ? copy?.state() : undefined;
    const membership = this.#openMembership();
    this.parts.membership = membership;
    network?.start(this.#ownInfo());
    const reached = await reachEtcd({
      ...{ deps: this.#deps, settings: this.#settings, membership, stopping },
      life: copied?.meta.life,
      occupied: () => this.#occupied,
    });
    if (reached.kind === 'stopped') return 'stopped';
    if (reached.kind === 'problem') return { problem: reached.problem };
    if (reached.kind === 'reached' && copied !== undefined && copied.meta.life !== reached.meta.life)
      return { problem: `Cannot join: ${otherCluster(prefix, reached.meta.life, copied.meta.life)}` };
    this.#begin(reached, copied);
    const endsMs = this.#deps.clock.monotonicMs() + this.#settings.startWaitSeconds * 1000;
    while (this.state === 'starting') {
      if (stopping.aborted) return 'stopped';
      if (network?.living.isCut === true) membership.beginCut(network.living.why);
      else if (this.#deps.clock.monotonicMs() > endsMs) membership.beginCut('etcd went away while it started');
      await pause(lookMs);
    }
    return 'started';
  }

  /** A committer: see control/committer.ts. */
  commit<C extends Command>(actor: Actor, command: C, decision: Decision<OutcomeOf<C>>, now: ChangeGroup['at']) {
    const outcome = this.parts.writes.commit(actor, command, decision, now);
    const { network } = this.#deps;
    return network === undefined ? outcome : this.#replicated(outcome, network);
  }

  /** Without etcd a write is made here, and the others report when they have it. */
  async #replicated<T extends object>(outcome: T | Promise<T>, network: PeerNetwork): Promise<T> {
    const made = await outcome;
    return 'replicated' in made ? { ...made, replicated: await network.confirmed() } : made;
  }

  renewed(key: InstanceKey): void {
    this.parts.runner.renewed(key);
  }

  /** Whether other nodes know instances that this one does not. */
  elsewhere(keys: readonly InstanceKey[]): Promise<Elsewhere> {
    return this.parts.elsewhere.ask(keys);
  }

  /** For the guard of this node's own instances. */
  lossesElsewhere(app: AppKey | undefined): OthersShare {
    return this.parts.lossesElsewhere.of(app);
  }

  /** Until when answers of any node may be held. */
  answersHeld(instance: AnsweredInstance): Promise<AnswersHeld> {
    const { clock, registryClock, answersHeld } = this.#deps;
    const { table, peers, replica } = this.parts;
    const own = { certainty: this.#settings.drainCertainty, isOwnRevision: this.#deps.network !== undefined };
    const asking = new AnswersHeldAtPeers({ table, peers, me: this.name, registryClock, clock, ...own });
    return asking.ask(instance, replica.applied, answersHeld);
  }

  get view(): ClusterView {
    return {
      mode: this.mode,
      status: () => clusterStatus(this, this.#deps.clock, this.#deps.engine.connectionAttempts),
      forget: (node) => this.forget(node),
      upToDate: () => this.#upToDate(),
    };
  }

  /** Why an instance that another node runs is answered with a TTL of a second; '': it is not. */
  reasonOf(key: InstanceKey): string {
    return suspicionOf(this.parts, this.#deps, this.#settings.serveCutSeconds * 1000, key);
  }

  /** The zone files of this node are others now: the serial moves, at all nodes alike, or at this one while it is cut. */
  zonesChanged(): void {
    if (this.trouble === undefined) void this.parts.zoneDigests.write();
    else if (this.state === 'cut') this.parts.replica.countAlone();
  }

  /** For the next registration of an instance that is not registered, at all nodes; a reason: it cannot now. */
  async keepHold(key: InstanceKey, override: Override): Promise<string | undefined> {
    return this.parts.writeTrouble ?? this.#nodeAndHoldWrites.keepHold(key, override);
  }

  /** Strikes off a node that died and will not come back. */
  async forget(node: string): Promise<Forgotten> {
    const state = this.parts.table.get(node);
    if (state === undefined) return 'unknown';
    const { network } = this.#deps;
    if (network !== undefined) return node !== this.name && (await network.forget(node)) ? 'forgotten' : 'alive';
    if (state.hasSession || !state.isMissed) return 'alive';
    const trouble = this.trouble ?? (await this.#nodeAndHoldWrites.strikeOff(node));
    return trouble === undefined ? 'forgotten' : { trouble };
  }

  /** Nothing of etcd's is applied any more, and no lease ends here. */
  quiesce(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#follower?.close();
  }

  /** The session ends at once, and the others go on without a wait. */
  async stop(): Promise<void> {
    const { parts } = this;
    if (parts.isClosed) return;
    parts.isClosed = true;
    this.quiesce();
    if (this.state !== 'starting') await parts.peers.bye(parts.runner.ownership);
    this.#deps.network?.close();
    await parts.membership?.close();
    parts.peers.close();
    await this.#server.close();
    this.#deps.engine.close();
    this.#deps.copy?.close();
  }

  async #upToDate(): Promise<string | undefined> {
    return this.trouble ?? upToDate(this.parts, this.#deps.engine, this.#settings.prefix);
  }

  /** Spread, so that not all nodes list at once. */
  #armDriftCheck(): void {
    const check = () =>
      this.parts.driftCheck.run().then(() => {
        if (!this.parts.isClosed) this.#armDriftCheck();
      });
    this.#timers.push(setTimeout(check, driftMs * (0.5 + Math.random())).unref());
  }

  #openMembership(): NodeMembership {
    const { engine, clock, copy } = this.#deps;
    const { prefix, node, sessionSeconds } = this.#settings;
    return new NodeMembership({
      ...{ engine, clock, key: prefix + nodeKey(node), sessionSeconds, replaces: copy?.session },
      value: () => new TextEncoder().encode(nodeText(this.#ownInfo())),
      applied: (revision) => this.parts.replica.hasApplied(revision, appliedMs),
      settle: () => this.parts.rejoining.settle(),
      onHeld: (lease) => copy?.keepSession(lease),
      onState: (state, why) => this.#onState(state, why),
      onOccupied: (holder) => {
        this.#occupied = holder;
      },
    });
  }

  #ownInfo(): NodeInfo {
    const { version, dns } = this.#deps;
    return { url: this.#url, version, startedAtMs: Math.floor(this.#startedAtMs), dns };
  }

  /** From what etcd has, or from the data folder: where etcd does not answer, and where it has lost what was there. */
  #begin(reached: Reached & { kind: 'reached' | 'late' }, copied: Copied | undefined): void {
    const { copy, onLife } = this.#deps;
    const { cutWrites, membership } = this.parts;
    if (copied !== undefined && (reached.kind === 'late' || isAnotherHistory(reached, copied))) {
      onLife(copied.meta.life);
      this.#load(copied.listing, copied.meta);
      membership?.beginCut('it answers with what its data folder has');
    } else if (reached.kind === 'reached') {
      onLife(reached.meta.life);
      copy?.replace(reached.listing);
      this.#load(reached.listing, reached.meta);
    }
    for (const write of copy?.pending(this.name) ?? []) cutWrites.take(write, true);
  }

  #load(listing: Listing, meta: Meta): void {
    const { replica, table, membership } = this.parts;
    const { prefix } = this.#settings;
    for (const { key, value, modRevision } of listing.entries)
      if (key.startsWith(`${prefix}n/`))
        this.parts.watch.seen('node', key.slice(prefix.length + 2), value, modRevision);
    replica.load(listing, meta);
    for (const state of table.all())
      if (!state.hasSession) state.owned = Math.max(state.owned, replica.records.ownedBy(state.node));
    const { engine, clock, log, onGap, copy } = this.#deps;
    this.#follower = new Follower({
      ...{ engine, prefix, replica, clock, log, onGap, copy, membership: membership as NodeMembership },
      rewound: () => this.#restored(),
    });
    this.#follower.follow(listing);
    this.#timers.push(setInterval(() => this.#look(), lookMs).unref());
    this.#timers.push(setInterval(() => this.#hello(), helloMs).unref());
    this.#timers.push(setInterval(() => void this.#lookAtEtcd(), etcdLookMs).unref());
    void this.#lookAtEtcd();
    this.#armDriftCheck();
  }

  async #restored(): Promise<Listing | undefined> {
    const listing = await this.parts.restoring.run();
    this.#timers.push(setTimeout(() => this.parts.replica.dropMissing(), missingMs).unref());
    return listing;
  }

  #look(): void {
    const { membership, runner, watch } = this.parts;
    if (membership === undefined || this.parts.isClosed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    membership.look();
    const isJoined = membership.state === 'joined';
    runner.handle({ kind: 'proven', untilMs: isJoined ? membership.provenUntilMs : Number.NEGATIVE_INFINITY });
    watch.look(nowMs, isJoined);
    runner.look(this.parts.now(), nowMs);
  }

  #hello(): void {
    if (this.state === 'starting') return;
    const { table, replica, peers, runner, cutWrites, candidates } = this.parts;
    const [isJoined, owned] = [this.state === 'joined', replica.records.ownedBy(this.name)];
    const wallMs = Math.floor(this.#deps.clock.wallMs());
    this.#clockWatch.look(table.all());
    const own = { node: this.name, files: candidates.digest, ...this.#withoutEtcd };
    peers.hello({ ...own, isJoined, owned, ...runner.marks, wallMs, losses: this.#deps.registry.losses(lossesMax) });
    if (isJoined) candidates.look();
    void cutWrites.announce();
  }

  /** What etcd has elsewhere. */
  get #withoutEtcd(): Pick<Hello, 'self' | 'zones' | 'struck'> {
    const { network } = this.#deps;
    if (network === undefined) return { self: undefined };
    return { self: network.self, zones: this.parts.zoneDigests.digest, struck: network.living.strikes };
  }

  async #lookAtEtcd(): Promise<void> {
    const status = await this.#deps.engine.status();
    this.#etcd = isFault(status) ? undefined : status;
  }

  #onState(state: JoinState, why: string): void {
    const { log } = this.#deps;
    const { runner, table } = this.parts;
    if (state === 'joined') {
      runner.handle({ kind: 'proven', untilMs: this.provenUntilMs });
      runner.handle({ kind: 'joined' });
      this.#nodeAndHoldWrites.noteAlive(this.name);
      void this.parts.zoneDigests.write();
      log('info', { node: this.name, nodes: [...table.all()].length }, 'joined the cluster');
    } else {
      runner.handle({ kind: 'cut' });
      log('warn', { node: this.name, why }, `is ${state}: it goes on answering, and removes nothing`);
    }
  }
}

function isAnotherHistory({ listing, meta }: Reached & { kind: 'reached' }, copied: Copied): boolean {
  if (meta.incarnation !== copied.meta.incarnation) return true;
  return listing.clusterId !== copied.listing.clusterId || listing.revision < copied.listing.revision;
}
