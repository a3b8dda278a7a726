// The parts of one node, each handed what it needs of another: what etcd has and what was written meanwhile, the leases and
// their owners, the peer link, and what is done after a cut and after a wipe.

import { randomBytes } from 'node:crypto';
import type { ChangeGroup } from '../model/decision.ts';
import { Histogram } from '../runtime/histogram.ts';
import type { ClusterDeps, ClusterSettings } from './cluster-options.ts';
import { isFault } from './engine.ts';
import { FileCandidates } from './leases/file-candidates.ts';
import { HeardElsewhere } from './leases/heard-elsewhere.ts';
import { LeaseRunner } from './leases/lease-runner.ts';
import { LossesElsewhere } from './leases/losses-elsewhere.ts';
import { NodeWatch } from './node-watch.ts';
import type { JoinState, NodeMembership } from './nodes/membership.ts';
import { NodesTable } from './nodes/nodes-table.ts';
import { PeerCalls } from './peer-calls.ts';
import { Peers } from './peer-link/peers.ts';
import { CutWrites } from './reconciliation/cut-writes.ts';
import { Rejoining } from './reconciliation/rejoining.ts';
import { Restoring } from './reconciliation/restoring.ts';
import { PendingSettler } from './reconciliation/settling.ts';
import { afterSeeing, nextStamp } from './records/hlc.ts';
import { serialKey } from './records/keys.ts';
import { DriftCheck } from './replica/drift-check.ts';
import { PendingWrites } from './replica/pending-writes.ts';
import { ClusterReplica } from './replica/replica.ts';
import { MeasuredEngine, secondsBounds } from './writes/measured-engine.ts';
import { Publisher } from './writes/publisher.ts';
import { TombstoneLeases } from './writes/tombstone-leases.ts';
import { Writes } from './writes/writes.ts';
import { ZoneDigests } from './zone-digests.ts';

/** For the list of a peer's service files, which may be long. */
const filesMs = 3000;

export class NodeParts {
  readonly settings: ClusterSettings;
  readonly deps: ClusterDeps;
  readonly table: NodesTable;
  readonly publisher: Publisher;
  readonly measured: MeasuredEngine;
  /** From a write's stamp until it was applied here. */
  readonly propagationSeconds = new Histogram(secondsBounds);
  readonly pending: PendingWrites;
  readonly replica: ClusterReplica;
  readonly writes: Writes;
  readonly cutWrites: CutWrites;
  readonly runner: LeaseRunner;
  readonly peers: Peers;
  readonly watch: NodeWatch;
  readonly rejoining: Rejoining;
  readonly restoring: Restoring;
  readonly calls: PeerCalls;
  readonly elsewhere: HeardElsewhere;
  readonly driftCheck: DriftCheck;
  readonly lossesElsewhere: LossesElsewhere;
  readonly zoneDigests: ZoneDigests;
  readonly candidates: FileCandidates;
  readonly #tombstones: TombstoneLeases;
  readonly #run = randomBytes(6).toString('hex');
  #hlc = 0;
  #operations = 0;
  /** Once it is opened. */
  membership: NodeMembership | undefined;
  isClosed = false;

  constructor(settings: ClusterSettings, deps: ClusterDeps) {
    this.settings = settings;
    this.deps = deps;
    const { node: me, prefix, sessionSeconds } = settings;
    const { engine, clock, credentials, log } = deps;
    const nowMs = () => clock.monotonicMs();
    this.table = new NodesTable(me, sessionSeconds, deps.network !== undefined);
    this.measured = new MeasuredEngine(engine, clock);
    this.publisher = this.#openPublisher();
    this.zoneDigests = new ZoneDigests({
      ...{ me, prefix, own: deps.zoneDigests },
      hasSession: (node) => this.table.get(node)?.hasSession === true,
      change: (swap) => this.publisher.change(swap),
      move: (swap) => this.publisher.move(swap),
    });
    this.pending = new PendingWrites(deps.copy);
    this.#tombstones = new TombstoneLeases(engine, clock);
    this.replica = this.#openReplica();
    this.cutWrites = this.#openCutWrites();
    this.writes = this.#openWrites();
    this.runner = this.#openRunner();
    const { table, runner, replica, publisher } = this;
    this.peers = new Peers({
      ...{ me, table, credentials, nowMs },
      notForwarded: (path, owner) => runner.handle({ kind: 'not-forwarded', key: path, owner }),
      notRelayed: (path, owner) => runner.handle({ kind: 'not-relayed', key: path, owner }),
      answered: (path, heardMs, isComplete) => runner.handle({ kind: 'lately-answer', key: path, heardMs, isComplete }),
    });
    this.watch = new NodeWatch({
      ...{ me, prefix, clock, table, replica, runner, publisher, log },
      onNameServers: deps.onNameServers,
      ownDeleted: (revision) => this.membership?.noteDeleted(revision),
    });
    this.elsewhere = new HeardElsewhere({
      ...{ table, peers: this.peers, nowMs },
      trouble: () => this.writeTrouble,
      isHere: (key) => deps.registry.find(key) !== undefined,
      ...(deps.network === undefined
        ? { hasApplied: (revision, withinMs) => replica.hasApplied(revision, withinMs) }
        : { hasApplied: async () => true, bring: (entries) => deps.network?.bring(entries) }),
    });
    this.rejoining = this.#openRejoining();
    this.restoring = this.#openRestoring();
    this.lossesElsewhere = new LossesElsewhere({ me, table, registry: deps.registry, nowMs });
    this.driftCheck = new DriftCheck({
      ...{ engine, log, settings, replica, pending: this.pending },
      isJoined: () => this.state === 'joined',
      repaired: () => this.rejoining.settle(),
    });
    this.candidates = this.#openCandidates();
    this.#attachNetwork();
    this.calls = this.#openCalls();
  }

  get state(): JoinState {
    return this.membership?.state ?? 'starting';
  }

  /** Why nothing can be written; undefined: it can. */
  get trouble(): string | undefined {
    return this.membership === undefined ? 'it starts' : this.membership.trouble;
  }

  /** The same for a write: without etcd a node that is cut off writes as ever, and merges what was written meanwhile. */
  get writeTrouble(): string | undefined {
    if (this.deps.network === undefined) return this.trouble;
    return this.state === 'starting' ? 'it starts' : undefined;
  }

  now(): ChangeGroup['at'] {
    const { registryClock } = this.deps;
    return { monotonicMs: registryClock.monotonicMs(), wallMs: registryClock.wallMs() };
  }

  #stamp(): number {
    this.#hlc = nextStamp(this.#hlc, this.deps.clock.wallMs());
    return this.#hlc;
  }

  #attachNetwork(): void {
    const { table, peers, runner, deps } = this;
    const nowMs = () => deps.clock.monotonicMs();
    deps.network?.attach({
      ...{ table, peers },
      isHeard: (path) => runner.ownership.isHeard(path, nowMs()),
      strikeOff: (node) => {
        table.left(node, nowMs());
        runner.handle({ kind: 'bye', node, leftMs: new Map() });
      },
    });
  }

  #openCalls(): PeerCalls {
    const { deps, settings, table, runner, replica, writes, cutWrites, peers, candidates, zoneDigests } = this;
    const { node: me, prefix, mode } = settings;
    const known = { me, table, runner, replica, writes, cutWrites, prefix, mode, peers, candidates };
    return new PeerCalls({ ...deps, ...known, zoneDigests, state: () => this.state });
  }

  #openCandidates(): FileCandidates {
    const { node: me } = this.settings;
    const { table, runner, peers } = this;
    return new FileCandidates({
      ...{ me, table },
      ownerOf: (path) => runner.ownership.ownerOf(path),
      fetch: (node) => peers.call(node, 'files', {}, filesMs),
      takeOver: (path) => runner.handle({ kind: 'claimed', key: path }),
    });
  }

  #openPublisher(): Publisher {
    const { node, prefix, commitWaitMs } = this.settings;
    return new Publisher({
      engine: this.measured,
      ...{ me: node, serialKey: prefix + serialKey },
      commitWaitMs,
      onReply: (result) => isFault(result) && this.membership?.noteFault(result),
    });
  }

  #openReplica(): ClusterReplica {
    const { node: me, prefix } = this.settings;
    const { registry, clock, log } = this.deps;
    const now = () => this.now();
    return new ClusterReplica({
      ...{ me, prefix, registry, now, pending: this.pending },
      events: {
        record: (path, key, record, isRegistration) => this.runner.record(path, key, record, isRegistration),
        removed: (path, why, operation, known) => this.runner.removed(path, why, operation, known),
        node: (kind, node, value, revision) => this.watch.seen(kind, node, value, revision),
        changed: (hlc) => this.propagationSeconds.observe(Math.max(0, clock.wallMs() - hlc) / 1000),
        zone: (node, value) => this.zoneDigests.seen(node, value),
        stamp: (hlc) => {
          this.#hlc = afterSeeing(this.#hlc, hlc, clock.wallMs());
        },
        bad: (key, problem) => log('warn', { key, problem }, 'skips what cannot be read in etcd: correct or delete it'),
        diverged: (isDiverged) => this.#onDiverged(isDiverged),
        rebased: () => this.runner.handle({ kind: 'rebased' }),
      },
    });
  }

  /** What it counts by itself is of a life of its own, so that no other node takes such a number for one of the cluster's. */
  #onDiverged(isDiverged: boolean): void {
    const { onLife, onOwnLife, onGap, newLife } = this.deps;
    const life = this.replica.meta?.life;
    if (isDiverged) onOwnLife(newLife());
    else if (life !== undefined) onLife(life);
    onGap();
  }

  #openWrites(): Writes {
    const { node: me, prefix, sessionSeconds } = this.settings;
    const { registry } = this.deps;
    const { replica, publisher } = this;
    return new Writes({
      ...{ me, prefix, registry, replica, publisher, tombstones: this.#tombstones, now: () => this.now() },
      stamp: () => this.#stamp(),
      operation: () => this.#operation('w'),
      trouble: () => this.writeTrouble,
      heard: (path) => this.runner.handle({ kind: 'renewal', key: path }),
      withoutEtcd: (actor, command, operation, reason) => this.cutWrites.commit(actor, command, operation, reason),
      watchWaitMs: sessionSeconds * 1000,
    });
  }

  #openCutWrites(): CutWrites {
    const { node: me, prefix, mode, commitWaitMs } = this.settings;
    const { registry, clock } = this.deps;
    const { replica, pending, table } = this;
    return new CutWrites({
      ...{ me, prefix, mode, commitWaitMs, registry, replica, pending, table },
      peers: () => this.peers,
      state: () => this.state,
      now: () => this.now(),
      nowMs: () => clock.monotonicMs(),
      stamp: () => this.#stamp(),
      registered: (path, key, record) => this.runner.record(path, key, record, true),
      removed: (path, operation) => this.runner.removed(path, 'cancelled', operation, replica.known(path)),
    });
  }

  #openRunner(): LeaseRunner {
    const { node: me, prefix, guardPercent, evictionPercentPerMinute, guardCeilingSeconds } = this.settings;
    const { registry, clock, onOwner } = this.deps;
    const { replica, publisher, writes, table } = this;
    return new LeaseRunner({
      ...{ me, prefix, registry, replica, publisher, writes, table, now: () => this.now() },
      ...{ guardPercent, evictionPercentPerMinute, guardCeilingSeconds, idPrefix: `${this.#run}o` },
      peers: () => this.peers,
      nowMs: () => clock.monotonicMs(),
      sessionLease: () => this.membership?.lease,
      onOwner: (key, isOwn) => {
        const stored = registry.find(key);
        if (stored !== undefined) onOwner(stored.instance, isOwn);
      },
      isLeft: (path) => this.candidates.isLeft(path),
    });
  }

  #openRejoining(): Rejoining {
    const { deps, settings, replica, pending, publisher, writes, table, runner } = this;
    const { engine, registry, clock, log } = deps;
    const { node: me, prefix } = settings;
    const settling = new PendingSettler({
      ...{ me, prefix, engine, registry, replica, publisher, writes, pending, log },
      nowMs: () => clock.monotonicMs(),
      heardMs: (path) => runner.ownership.heardMs(path),
      heardAtPeers: (paths) => this.peers.heardLately(paths),
      isOwnerLive: (node) => node === me || table.get(node)?.hasSession === true,
    });
    return new Rejoining({ engine, registry, settings, replica, pending, settling });
  }

  #openRestoring(): Restoring {
    const { deps, settings, replica, publisher } = this;
    return new Restoring({
      ...{ deps, settings, replica, publisher, tombstones: this.#tombstones },
      actsFor: (node) => node === settings.node || this.watch.executes.has(node),
      isClosed: () => this.isClosed,
      operation: () => this.#operation('r'),
    });
  }

  /** Unique to each write of each run of each node. */
  #operation(kind: string): string {
    return `${this.#run}${kind}${++this.#operations}`;
  }
}
