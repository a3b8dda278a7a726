// A node's place among its peers where there is no etcd: whose changes it follows, who of them lives, whether it is cut off
// itself, and what the engine of this mode derives from that. Started before anything is answered: what the others have is
// taken in first, or, where they are not reached in time, what the data folder has.

import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../runtime/clock.ts';
import type { ClusterLog } from '../cluster-log.ts';
import { nodeText, parseNode } from '../nodes/node-value.ts';
import type { NodeInfo, NodeState, NodesTable } from '../nodes/nodes-table.ts';
import type { PeerCredentials } from '../peer-link/credentials.ts';
import type { Hello, NodeSelf } from '../peer-link/messages.ts';
import type { Peers } from '../peer-link/peers.ts';
import { firstMeta, metaText } from '../records/epoch.ts';
import { deadNodeKey, metaKey, nodeKey, serialKey, zoneKey } from '../records/keys.ts';
import type { LocalCopy } from '../replica/local-copy.ts';
import { Acknowledging } from './acknowledging.ts';
import { bringEntries, entriesOf } from './brought-entries.ts';
import { CatchUp } from './catch-up.ts';
import { ChangeFeed } from './change-feed.ts';
import { silenceMs } from './death-watch.ts';
import { LivingPeers } from './living-peers.ts';
import { PeerAddresses } from './peer-addresses.ts';
import { PeerSlots } from './peer-slots.ts';
import { PeerZones } from './peer-zones.ts';
import { PeersEngine } from './peers-engine.ts';
import { Replication } from './replication.ts';
import { SharedStore } from './shared-store.ts';
import { StartUp } from './start-up.ts';

const lookMs = 100;
const expireMs = 60_000;
/** Without its changes for so long, a node's instances are answered with a TTL of a second. */
const behindMs = 2000;
/** Numbers of an earlier run that were used, and not on the disk when it ended. */
const unkeptMax = 10_000;
/** A node that no setting names is followed when it sends hello for so long, besides the settings' addresses. */
const discoverMs = 10_000;
/** For the list of a peer's zone files, which may be long. */
const zonesMs = 3000;
const encoder = new TextEncoder();

export interface PeerNetworkOptions {
  readonly me: string;
  /** With a final slash. */
  readonly prefix: string;
  readonly peers: readonly string[];
  readonly credentials: PeerCredentials;
  readonly clock: Clock;
  /** Undefined: nothing is kept. */
  readonly copy: LocalCopy | undefined;
  readonly newLife: () => string;
  readonly ceilingMs: number;
  readonly startWaitMs: number;
  /** How long a write waits for the others. */
  readonly commitWaitMs: number;
  readonly log: ClusterLog;
}

/** The rest of the node. */
export interface AttachedParts {
  readonly table: NodesTable;
  readonly peers: Pick<Peers, 'call'>;
  readonly isHeard: (path: string) => boolean;
  /** As after a goodbye: its instances are orphans at once. */
  readonly strikeOff: (node: string) => void;
}

export class PeerNetwork {
  readonly #options: PeerNetworkOptions;
  readonly #store: SharedStore;
  readonly engine: PeersEngine;
  readonly #feed: ChangeFeed;
  readonly #addresses: PeerAddresses;
  readonly #slots: PeerSlots;
  readonly #living: LivingPeers;
  readonly #acknowledging: Acknowledging;
  readonly #catchUp: CatchUp;
  readonly #startUp: StartUp;
  readonly #zones: PeerZones;
  readonly replication: Replication;
  readonly run = randomBytes(6).toString('hex');
  readonly #life: string;
  #parts: AttachedParts | undefined;
  #self: NodeSelf;
  #timer: NodeJS.Timeout | undefined;
  #expiredMs = 0;
  /** When a peer last reported that another process has this node's name. */
  #occupiedMs = Number.NEGATIVE_INFINITY;

  constructor(options: PeerNetworkOptions) {
    this.#options = options;
    const { me, prefix, clock, copy, peers, credentials, log, ceilingMs } = options;
    const nowMs = (): number => clock.monotonicMs();
    const copied = copy?.state();
    this.#life = copied?.meta.life ?? options.newLife();
    this.#store = this.#openStore(copied === undefined ? 0 : copied.listing.revision + unkeptMax);
    this.#store.load(copied?.listing.entries ?? []);
    this.engine = new PeersEngine({
      ...{ store: this.#store, prefix, life: this.#life, nowMs },
      provenUntilMs: () => this.#living.provenUntilMs,
      why: () => (this.#startUp.isOver ? this.#living.why : 'it takes in what the other nodes have'),
      kept: async () => copy?.written(),
    });
    this.#feed = new ChangeFeed({
      ...{ store: this.#store, me },
      head: () => ({ node: me, life: this.#life, ...this.#self }),
      holderOf: (node, run) => this.#living.holderOf(node, run),
      onReader: (node) => this.#slots.hurry(node),
    });
    this.#self = { run: this.run, url: '', version: '', startedAtMs: 0, dns: undefined };
    this.#slots = this.#openSlots();
    this.#addresses = new PeerAddresses({
      ...{ peers, isTls: credentials.tls !== undefined },
      onChange: (urls) => this.#slots.set(urls),
      onFault: (why) => log('warn', { why, peers }, 'cannot look up the other nodes of the cluster'),
    });
    this.#living = new LivingPeers({
      ...{ me, ceilingMs, nowMs, log },
      slots: () => this.#slots.all(),
      table: () => this.#parts?.table,
      hasKey: (node) => this.#hasKey(node),
      ask: async (peer, node) => this.#parts?.peers.call(peer, 'witness', { node }),
      bury: (node) => this.#bury(node),
    });
    this.#acknowledging = new Acknowledging(async (node, life, revision) =>
      this.#parts?.peers.call(node, 'applied', { node: me, life, revision }),
    );
    this.#catchUp = new CatchUp({
      ...{ me, run: this.run, credentials, nowMs },
      merge: (path, kept) => void this.#store.merge(path, kept),
    });
    this.#startUp = new StartUp(options.startWaitMs);
    this.#zones = new PeerZones({
      ask: async (node) => this.#parts?.peers.call(node, 'zones', {}, zonesMs),
      keep: (node, text) => this.#store.put(zoneKey(node), encoder.encode(text)),
    });
    this.replication = new Replication({ life: this.#life, nowMs, expected: () => this.#expected() });
    this.#begin(copied === undefined);
  }

  /** Who lives, and whether this node is cut off. */
  get living(): LivingPeers {
    return this.#living;
  }

  /** Its own part of each hello. */
  get self(): NodeSelf {
    return this.#self;
  }

  /** Of this node's own. */
  get revision(): number {
    return this.#store.revision;
  }

  get counts(): { readonly resumed: number; readonly gaps: number; readonly conflicts: number } {
    const followers = [...this.#slots.all()].map(({ follower }) => follower);
    const sum = (of: 'resumed' | 'gaps'): number => followers.reduce((all, one) => all + one[of], 0);
    return { resumed: sum('resumed'), gaps: sum('gaps'), conflicts: this.#store.conflicts };
  }

  /** For how long the changes of a living node were not heard. */
  silentMs(): number {
    const nowMs = this.#nowMs();
    const living = [...this.#slots.all()].filter(({ node }) => node !== undefined && this.#hasKey(node));
    return Math.max(0, ...living.map((slot) => nowMs - Math.max(slot.follower.heardMs, this.#startUp.startedMs)));
  }

  attach(parts: AttachedParts): void {
    this.#parts = parts;
  }

  /** `info`: what the others are to know of this node. */
  start(info: NodeInfo): void {
    this.#self = { run: this.run, ...info };
    this.#startUp.begin(this.#nowMs());
    this.#addresses.start();
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#addresses.close();
    this.#slots.close();
    this.#catchUp.close();
  }

  /** A peer asks for this node's changes. */
  changes(query: URLSearchParams, response: ServerResponse): void {
    void this.#feed.serve(query, response);
  }

  /** Whether what another node had at a revision of its own is here. */
  async hasFollowed(node: string, revision: number, withinMs: number): Promise<boolean> {
    const endsMs = this.#nowMs() + withinMs;
    for (;;) {
      const follower = this.#slots.of(node)?.follower;
      if (follower?.isLive === true && follower.revision >= revision) return true;
      if (this.#nowMs() >= endsMs) return false;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Whether all nodes that may live have what this one has now. */
  confirmed(): Promise<boolean> {
    return this.replication.confirmed(this.#store.revision, this.#options.commitWaitMs);
  }

  /** For a peer that does not know them. */
  entriesOf(paths: readonly string[]): (readonly [path: string, text: string])[] {
    return entriesOf(this.#store, paths);
  }

  /** What a peer has sent of instances that were unknown here. */
  bring(entries: unknown): void {
    bringEntries(this.#store, entries);
  }

  /** Strikes off a node that is heard neither here nor at a peer; false: it is. The others hear of it with the next hello. */
  async forget(node: string): Promise<boolean> {
    if (this.#living.isHeard(node) || (await this.#living.isHeardElsewhere(node))) return false;
    this.#strikeOff(node, Math.floor(this.#options.clock.wallMs()));
    return true;
  }

  /** What a hello has of these, where there is no etcd that has it. */
  heard({ node, zones, struck = [] }: Pick<Hello, 'node' | 'zones' | 'struck'>): void {
    if (zones !== undefined) void this.#zones.heard(node, zones);
    for (const [one, atMs] of this.#living.newStrikes(struck)) this.#strikeOff(one, atMs);
  }

  #strikeOff(node: string, atMs: number): void {
    this.#options.log('warn', { node }, 'struck off: it died and will not come back');
    this.#living.strike(node, atMs);
    this.#zones.forget(node);
    const parts = this.#parts;
    if (this.#hasKey(node)) parts?.strikeOff(node);
    this.#store.put(nodeKey(node), undefined);
    this.#store.put(deadNodeKey(node), undefined);
    this.#store.put(zoneKey(node), undefined);
    for (const slot of this.#slots.all()) if (slot.node === node && !slot.isConfigured) this.#slots.drop(slot.url);
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #openStore(revision: number): SharedStore {
    const { me, prefix, clock } = this.#options;
    return new SharedStore(
      {
        ...{ me, prefix },
        wallMs: () => clock.wallMs(),
        isHeard: (path) => this.#parts?.isHeard(path) === true,
        hasSession: () => !this.#living.isCut,
        changed: (at, events) => {
          this.engine.changed(at, events);
          this.#feed.wake();
        },
      },
      Math.max(revision, Math.floor(clock.wallMs() / 1000)),
    );
  }

  /** Its numbers are the revisions of its own store, one for each change, and go on above all that an earlier run has used. */
  #begin(isFirst: boolean): void {
    const { me, clock } = this.#options;
    const meta = {
      ...firstMeta(0, clock.wallMs() / 1000, this.#life, this.run),
      bases: [{ from: 0, base: 0 }],
      places: 1,
    };
    if (isFirst) this.#store.put(metaKey, encoder.encode(metaText(meta)));
    this.#store.put(serialKey, encoder.encode(me));
  }

  #openSlots(): PeerSlots {
    const { me, credentials, log } = this.#options;
    return new PeerSlots({
      ...{ me, run: this.run, credentials, nowMs: () => this.#nowMs() },
      onEntry: ({ path, kept }) => void this.#store.merge(path, kept),
      onBad: ({ path, problem }, node) =>
        log('warn', { node, path, problem }, 'skips what cannot be read of another node'),
      onHead: ({ node }) => {
        this.#living.alive(node);
        this.#catchUp.again(node);
      },
      onAt: (head, revision) => {
        this.#living.alive(head.node);
        this.#acknowledging.applied(head.node, head.life, revision);
      },
      onOccupied: (holder) => this.#onOccupied(holder),
    });
  }

  /** `holder`: its own report, where a peer has it. */
  #onOccupied(holder: NodeInfo | undefined): void {
    const { log, me } = this.#options;
    this.engine.occupied(encoder.encode(holder === undefined ? '{}' : nodeText(holder)));
    if (this.#startUp.isOver && this.#nowMs() - this.#occupiedMs > expireMs)
      log('error', { node: me, url: holder?.url }, 'another node of the cluster has this name: names must be unique');
    this.#occupiedMs = this.#nowMs();
  }

  #look(): void {
    const nowMs = this.#nowMs();
    this.#living.look(this.#startUp.isOver);
    if (!this.#startUp.isOver) {
      if (!this.#addresses.isKnown && !this.#startUp.isLate(nowMs)) return;
      const slots = [...this.#slots.all()];
      if (!this.#startUp.look(nowMs, slots) || nowMs - this.#occupiedMs < silenceMs) return;
      this.#startUp.end();
      this.replication.begin();
      this.engine.ready();
    }
    this.#keepNodeKeys();
    this.#follow(nowMs);
    if (nowMs - this.#expiredMs > expireMs) {
      this.#expiredMs = nowMs;
      this.#store.expire();
    }
  }

  /** Those that a write has to reach. */
  #expected(): (string | undefined)[] {
    return this.#living
      .others()
      .filter(({ isDead }) => !isDead)
      .map(({ node }) => node);
  }

  #hasKey(node: string): boolean {
    return this.#store.textOf(nodeKey(node)) !== undefined;
  }

  #bury(node: string): void {
    this.#store.put(nodeKey(node), undefined);
    for (const { node: one } of this.#living.others()) if (one !== undefined && one !== node) this.#catchUp.again(one);
  }

  /** The key of each node that lives, as far as this one hears; its URL is the one by which it was reached. */
  #keepNodeKeys(): void {
    for (const node of this.#living.heardNodes()) {
      if (this.#living.hasLeft(node)) {
        this.#store.put(nodeKey(node), undefined);
        continue;
      }
      if (!this.#living.isHeard(node)) continue;
      const report = this.#living.runs.get(node)?.self;
      const self = this.#slots.of(node)?.follower.head ?? report;
      if (self === undefined) continue;
      this.#living.returned(node);
      const url = this.#slots.of(node)?.url ?? self.url;
      const text = nodeText({ ...(report ?? self), url });
      if (this.#store.textOf(nodeKey(node))?.text !== text && !Array.isArray(parseNode(encoder.encode(text))))
        this.#store.put(nodeKey(node), encoder.encode(text));
      this.#store.put(deadNodeKey(node), undefined);
    }
  }

  /** Nodes that no setting names, addresses that are gone, and what comes by others' word alone. */
  #follow(nowMs: number): void {
    const isUnnamed = [...this.#slots.all()].some((one) => one.isConfigured && !one.isSelf && one.node === undefined);
    for (const [node, { self, sinceMs, atMs }] of this.#living.runs) {
      const isHeard = nowMs - atMs < silenceMs && (!isUnnamed || nowMs - sinceMs > discoverMs);
      if (isHeard && this.#slots.of(node) === undefined) this.#slots.add(self.url, node);
    }
    for (const slot of this.#slots.all()) {
      const isGone = slot.node === undefined || !this.#living.isHeard(slot.node);
      if (!slot.isConfigured && !slot.isSelf && isGone) this.#slots.drop(slot.url);
    }
    for (const state of this.#parts?.table.all() ?? []) this.#judge(state, nowMs);
  }

  #judge(state: NodeState, nowMs: number): void {
    const { node } = state;
    const { me } = this.#options;
    if (node === me) return;
    const slot = this.#slots.of(node);
    const brokenMs = slot?.follower.isLive === true ? 0 : nowMs - (slot?.brokenMs ?? 0);
    state.isBehind = brokenMs > behindMs;
    if (brokenMs < lookMs) return;
    const ways = this.#living.others().flatMap((one) => {
      const way = one.node === undefined || one.node === node ? undefined : this.#slots.of(one.node);
      return way?.follower.isLive === true ? [{ node: one.node as string, url: way.url }] : [];
    });
    this.#catchUp.look(node, ways, this.#hasKey(node));
  }
}
