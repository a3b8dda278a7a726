// Connects the program to its cluster, where there is one: the registry's writes go through etcd, what the other nodes
// write comes in, and renewals, ends of leases and drains are matters of all nodes. Loaded only where it is needed.

import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { type EtcdEndpoint, parseEndpoint } from '../cluster/etcd/endpoint.ts';
import { EtcdEngine } from '../cluster/etcd/etcd-engine.ts';
import { PeerNetwork, type PeerNetworkOptions } from '../cluster/peers-engine/peer-network.ts';
import { instancePath } from '../cluster/records/keys.ts';
import type { RegistryPort } from '../cluster/registry-port.ts';
import { LocalCopy } from '../cluster/replica/local-copy.ts';
import { SkydnsMirror } from '../cluster/skydns/skydns-mirror.ts';
import type { Config } from '../config/config.ts';
import type { Committer } from '../control/committer.ts';
import { childOf, type Name, nameToText } from '../dns/message/name.ts';
import type { Plane } from '../dns/plane/plane.ts';
import type { AnsweredInstance, AnswersHeld } from '../model/answers-held.ts';
import type { Actor, Change } from '../model/change.ts';
import type { ClusterView, NodeDns } from '../model/cluster-status.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { Decision } from '../model/decision.ts';
import type { Instance } from '../model/instance.ts';
import type { InstanceRecord } from '../model/instance-record.ts';
import { type Life, lifeTokenFrom } from '../model/life.ts';
import type { AppKey, InstanceKey } from '../model/names.ts';
import type { OtherFiles } from '../model/other-files.ts';
import type { RenewOutcome } from '../model/outcome.ts';
import type { PersistedInstance } from '../model/persisted-instance.ts';
import type { Problem } from '../model/problem.ts';
import type { Override } from '../model/status.ts';
import type { Registry } from '../registry/registry.ts';
import type { Clock, Moment } from '../runtime/clock.ts';
import { version } from '../runtime/version.ts';
import { credentialsOf, textOf, tlsOf } from './cluster-credentials.ts';
import type { AskNodes } from './events-of-nodes.ts';
import { planeSettings } from './plane-settings.ts';
import type { ProcessClock } from './process-clock.ts';

export interface ClusterLinkDeps {
  /** Hashes of this node's zone files, by zone. */
  readonly zoneDigests: { readonly all: ReadonlyMap<string, string> };
  readonly state: { readonly registry: Registry };
  readonly clock: ProcessClock;
  readonly ownClock: Clock;
  readonly plane: Pick<Plane, 'applied' | 'answersHeld' | 'touched'>;
  readonly logger: Logger;
}

/** Between two looks at what the mirror has to write. */
const mirrorEveryMs = 250;

interface Connected {
  readonly life: Pick<Life, 'adopt' | 'countAlone'>;
  readonly changeLog: { startAnew(atMs: number): void };
  readonly ownEvents: (question: unknown) => Promise<object | undefined>;
  readonly health: { changed(change: Change): void };
}

type NameServersListener = (servers: readonly NodeDns[]) => void;

export class ClusterLink implements Committer {
  readonly #registry: Registry;
  readonly #node: ClusterNode;
  readonly #mirror: SkydnsMirror | undefined = undefined;
  readonly #wallMs: () => number;
  #mirrorTimer: NodeJS.Timeout | undefined;
  #connected: Connected | undefined;
  #nameServers: readonly NodeDns[] = [];
  #onNameServers: NameServersListener = () => {};
  #recover: (saved: PersistedInstance) => Problem | undefined = () => undefined;

  /** Reads what the settings name; a problem is a sentence for a person. */
  static open(config: Config, deps: ClusterLinkDeps): ClusterLink | { readonly problem: string } {
    try {
      return new ClusterLink(config, deps);
    } catch (error) {
      return { problem: `Cannot use the settings of the cluster: ${(error as Error).message}` };
    }
  }

  private constructor(config: Config, { state, clock, ownClock, plane, logger, zoneDigests }: ClusterLinkDeps) {
    const { registry } = state;
    this.#registry = registry;
    this.#wallMs = () => ownClock.wallMs();
    const node = config.clusterNode === '' ? hostname().toLowerCase() : config.clusterNode;
    // A copy of what another mode had is none of this one.
    const prefix = config.clusterMode === 'peers' ? `/peers/${config.clusterName}/` : config.clusterPrefix;
    const copy = copyOf(config.data, { prefix, node, wallMs: () => ownClock.wallMs() }, logger);
    const { guardPercent, guardCeilingSeconds, evictionPercentPerMinute } = config;
    const settings = {
      prefix,
      node,
      listen: config.clusterListen,
      advertise: config.clusterAdvertise === '' ? undefined : config.clusterAdvertise,
      mode: config.clusterMode,
      drainCertainty: config.clusterDrainCertainty,
      startWaitSeconds: config.clusterStartWaitSeconds,
      sessionSeconds: config.clusterSessionSeconds,
      commitWaitMs: config.clusterCommitWaitMs,
      serveCutSeconds: config.clusterServeCutSeconds,
      ...{ guardPercent, guardCeilingSeconds, evictionPercentPerMinute },
    };
    const newLife = () => lifeTokenFrom(randomBytes(8));
    const common = { credentials: credentialsOf(config), copy, newLife, clock: ownClock };
    const log: PeerNetworkOptions['log'] = (level, facts, message) => logger[level](facts, message);
    const network =
      config.clusterMode === 'peers' ? networkOf(config, { prefix, node }, { ...common, log }) : undefined;
    const etcd = network === undefined ? engineOf(config, ownClock) : undefined;
    this.#node = new ClusterNode(settings, {
      ...common,
      engine: network?.engine ?? (etcd as EtcdEngine),
      network,
      registry: this.#port(plane),
      registryClock: clock.clock,
      dns: nodeDnsOf(config),
      zoneDigests: () => zoneDigests.all,
      onNameServers: (servers) => {
        this.#nameServers = servers;
        this.#onNameServers(servers);
      },
      log,
      onLife: (life) => this.#adopt(life, network === undefined ? undefined : config.clusterName),
      version,
      onOwnLife: (life) => this.#connected?.life.countAlone(life),
      onOwner: (instance, isOwn) => this.#check(instance, isOwn),
      onGap: () => this.#connected?.changeLog.startAnew(ownClock.wallMs()),
      ownEvents: async (question) => this.#connected?.ownEvents(question),
      answersHeld: async (instance) => {
        await plane.applied();
        return plane.answersHeld(instance);
      },
    });
    if (etcd !== undefined && config.clusterSkydns !== '')
      this.#mirror = this.#openMirror(config, settings.node, etcd, ownClock, logger);
  }

  get view(): ClusterView {
    return this.#node.view;
  }

  get trouble(): string | undefined {
    return this.#node.trouble;
  }

  /** For monitors: what is wrong while it goes on. */
  get warnings(): readonly string[] {
    return this.#node.zoneDifferences.map(({ node, zones }) => `zone files of ${node} differ: ${zones.join(', ')}`);
  }

  /** What health asks about service files of the other nodes. */
  get otherFiles(): OtherFiles {
    return this.#node.parts.candidates;
  }

  /** Called at once with the nodes that are known, and when they are others. */
  followNameServers(listener: NameServersListener): void {
    this.#onNameServers = listener;
    listener(this.#nameServers);
  }

  get revision(): number {
    return this.#registry.revision;
  }

  /** Asks the other nodes for changes. */
  get askEvents(): AskNodes {
    const { replica, peers, deps } = this.#node.parts;
    return async (question) => {
      const life = replica.meta?.life;
      // Of mode `peers` each node has numbers of its own.
      const isAlone = replica.isDiverged || deps.network !== undefined;
      return life === undefined || isAlone ? [] : peers.askAll('events', { ...question, life });
    };
  }

  connect(connected: Connected): void {
    this.#connected = connected;
  }

  /** A change subscriber: what CoreDNS reads in etcd. */
  mirror(change: Change): void {
    this.#mirror?.changed(change.after ?? change.before);
  }

  /** What checks follow: instances that this node runs, and those that leave. */
  readonly checks = {
    changed: (change: Change): void => {
      const { env, appid, instance } = change.after ?? change.before;
      const path = instancePath({ env, appid, instance });
      const isOwn = this.#node.parts.runner.ownership.stateOf(path) === 'own';
      if (isOwn || change.after === undefined) this.#connected?.health.changed(change);
    },
  };

  /** Takes in what the cluster has; the number of instances. */
  async join(
    recover: (saved: PersistedInstance) => Problem | undefined,
    stopping: AbortSignal,
  ): Promise<number | 'stopped' | { readonly problem: string }> {
    this.#recover = recover;
    const started = await this.#node.start(stopping);
    if (started !== 'started') return started;
    this.#connected?.changeLog.startAnew(this.#wallMs());
    const mirror = this.#mirror;
    if (mirror !== undefined) this.#mirrorTimer = setInterval(() => void mirror.look(), mirrorEveryMs).unref();
    return this.#registry.instanceCount;
  }

  /** Nothing is applied any more. */
  quiesce(): void {
    clearInterval(this.#mirrorTimer);
    this.#node.quiesce();
  }

  leave(): Promise<void> {
    return this.#node.stop();
  }

  commit<C extends Command>(actor: Actor, command: C, decision: Decision<OutcomeOf<C>>, now: Moment) {
    return this.#node.commit(actor, command, decision, now);
  }

  renew(key: InstanceKey, now?: Moment): RenewOutcome {
    const outcome = now === undefined ? this.#registry.renew(key) : this.#registry.renew(key, now);
    if (outcome.kind === 'renewed') this.#node.renewed(outcome.stored.instance);
    return outcome;
  }

  lossesElsewhere(app: AppKey | undefined) {
    return this.#node.lossesElsewhere(app);
  }

  elsewhere(keys: readonly InstanceKey[]) {
    return this.#node.elsewhere(keys);
  }

  /** A reason: it cannot be kept now. */
  keepHold(key: InstanceKey, override: Override): Promise<string | undefined> {
    return this.#node.keepHold(key, override);
  }

  answersHeld(instance: AnsweredInstance): Promise<AnswersHeld> {
    return this.#node.answersHeld(instance);
  }

  marked({ instance, isNearExpiry, isSuspect }: InstanceRecord): void {
    this.#node.parts.runner.marked(instance, isNearExpiry || isSuspect);
  }

  reasonOf(key: InstanceKey): string {
    return this.#node.reasonOf(key);
  }

  /** In place of a timer: the ends of leases are looked at by the node. */
  arm(): void {}

  stop(): void {}

  /** Zones have changed: the number moves with etcd's (`zonesChanged`). */
  touch(): number {
    return this.#registry.revision;
  }

  /** Of any zone, once the hashes of the files are those of now. */
  zonesChanged(): void {
    this.#node.zonesChanged();
  }

  /** `cluster`: its nodes show one registry, and each has numbers of its own. */
  #adopt(life: string, cluster: string | undefined): void {
    const digest = cluster === undefined ? undefined : createHash('sha256').update(`peers ${cluster}`).digest();
    this.#connected?.life.adopt(digest === undefined ? life : lifeTokenFrom(digest.subarray(0, 8)));
    if (digest !== undefined) this.#connected?.life.countAlone(life);
  }

  #openMirror(
    { origin, clusterName, clusterSkydns: prefix }: Config,
    node: string,
    engine: EtcdEngine,
    clock: Clock,
    logger: Logger,
  ): SkydnsMirror {
    const registry = this.#registry;
    return new SkydnsMirror({
      ...{ names: { prefix, origin, cluster: clusterName }, node, engine, clock },
      session: () => this.#node.session,
      find: (key) => registry.find(key),
      *instances() {
        for (const app of registry.apps()) for (const { instance } of app.instances()) yield instance;
      },
      log: (level, facts, message) => logger[level](facts, message),
    });
  }

  #port(plane: Pick<Plane, 'touched'>): RegistryPort {
    const registry = this.#registry;
    return {
      get revision() {
        return registry.revision;
      },
      find: (key) => registry.find(key),
      decide: (command, actor, now) => registry.decide(command, actor, now),
      apply: (group) => registry.apply(group),
      advance: (revision) => {
        const isMoved = revision > registry.revision;
        registry.advance(revision);
        if (isMoved) plane.touched();
      },
      recover: (saved) => this.#recover(saved),
      renew: (key, now) => (now === undefined ? registry.renew(key) : registry.renew(key, now)),
      reregister: (renewal, now) => registry.reregister(renewal, now),
      releaseHold: (key) => registry.releaseHold(key),
      setRemote: (key, isRemote) => registry.setRemote(key, isRemote),
      markRemote: (key, mark) => registry.markRemote(key, mark),
      takeExpired: (now, limit) => registry.takeExpired(now, limit),
      endedHolds: (now) => registry.endedHolds(now),
      losses: (limit) => registry.losses(limit),
      reviewGuard: () => registry.reviewGuard(),
      remoteServing: (app) => registry.remoteServing(app),
      decideEnd: (key, end, now) => registry.decideEnd(key, end, now),
      labelHolder: (key, label) => registry.labelHolder(key, label),
      renumber: (key, revision) => registry.renumber(key, revision),
      keepHold: (key, override) => registry.recoverHolds([{ key, override }]),
    };
  }

  /** Checks are run by the owner alone. */
  #check(instance: Instance, isOwn: boolean): void {
    const record = this.#registry.find(instance);
    if (record === undefined) return;
    const { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs, revision } = record;
    const times = { registeredAtMs, upAtMs, renewedAtMs, updatedAtMs, dirtyAtMs };
    const origin = { kind: 'system', front: 'leases', address: '' } as const;
    const common = { origin, times, revision, atMs: updatedAtMs };
    this.#connected?.health.changed(
      isOwn
        ? { kind: 'registered', after: instance, cause: { why: 'registered' }, ...common }
        : { kind: 'cancelled', before: instance, cause: { why: 'cancelled' }, ...common },
    );
  }
}

/** The name and addresses of this node by its origin zone. */
function nodeDnsOf(config: Config): NodeDns {
  const { origin, nameServer, hosts } = planeSettings(config);
  return { server: nameToText(nameServer ?? (childOf('ns', origin) as Name)), addresses: hosts };
}

/** Undefined: no data folder. */
function copyOf(
  folder: string | undefined,
  options: Parameters<typeof LocalCopy.open>[1],
  logger: Logger,
): LocalCopy | undefined {
  const copy = folder === undefined ? undefined : LocalCopy.open(folder, options);
  if (copy === undefined) return undefined;
  if ('problem' in copy) throw new Error(copy.problem);
  copy.onFault = (why) => logger.error({ folder, why }, "cannot keep the copy of the cluster's registry");
  return copy;
}

function engineOf(config: Config, clock: Clock): EtcdEngine {
  const endpoints = config.clusterEtcdEndpoints.map((url): EtcdEndpoint => {
    const endpoint = parseEndpoint(url, 'clusterEtcdEndpoints');
    if ('target' in endpoint) return endpoint;
    throw new Error(`${endpoint.field} ${endpoint.message}`);
  });
  const { clusterEtcdUser: user, clusterEtcdPasswordFile: file } = config;
  // Read at each login, so that a new password counts.
  const password = async (): Promise<string> => textOf(file).trim();
  return new EtcdEngine({
    endpoints,
    clock,
    // Asked at each connection, so that renewed certificates count.
    ...(config.clusterEtcdCa === '' ? {} : { tls: () => tlsOf(config) }),
    ...(user === '' ? {} : { login: { user, password } }),
  });
}

function networkOf(
  { clusterPeers: peers, clusterCommitWaitMs: commitWaitMs, guardCeilingSeconds, clusterStartWaitSeconds }: Config,
  { prefix, node: me }: { readonly prefix: string; readonly node: string },
  common: Pick<PeerNetworkOptions, 'credentials' | 'copy' | 'newLife' | 'clock' | 'log'>,
): PeerNetwork {
  const times = { ceilingMs: guardCeilingSeconds * 1000, startWaitMs: clusterStartWaitSeconds * 1000 };
  return new PeerNetwork({ ...common, ...times, me, prefix, peers, commitWaitMs });
}
