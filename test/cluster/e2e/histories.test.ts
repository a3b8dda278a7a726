// A cluster under faults that follow from a seed, and what must hold for each (cluster.md §17.4): an instance that renews is
// answered by every joined node, who is silent leaves, what was cancelled stays away, serials never fall and with etcd one
// number is one state, a watch that changes nodes ends with the state of a snapshot, a drain that is safe is held by no
// resolver, in mode cp calls of one instance are in an order, and after the last fault all nodes are alike.
// `HISTORY_SECONDS=3600 HISTORY_SEED=7 HISTORY_MODE=peers` plays a long one, or one again (`npm run histories`: an hour each).

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { back, fallen, unlike, vanished } from '../../kit/cluster/cluster-checker.ts';
import { type Beating, ClusterClients, dnsOf } from '../../kit/cluster/cluster-clients.ts';
import { faultOf, NemesisWorld, seededNumbers } from '../../kit/cluster/cluster-nemesis.ts';
import { Resolvers, SwitchingWatch } from '../../kit/cluster/cluster-observers.ts';
import { type RegisterCall, Registers, registerFaults } from '../../kit/cluster/cluster-registers.ts';
import { api } from '../../kit/cluster/cluster-world.ts';
import { missingEtcd } from '../../kit/cluster/etcd.ts';
import { PeersWorld, peerFaultOf } from '../../kit/cluster/peers-world.ts';
import type { ServerProcess } from '../../kit/process/server-process.ts';
import { until } from '../../kit/process/until.ts';

const seconds = Number(process.env['HISTORY_SECONDS'] ?? 40);
const seed = Number(process.env['HISTORY_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const instances = 30;
/** So long after the last fault: of a member that starts anew, and of this machine. */
const endMs = 60_000;

type Mode = 'ap' | 'cp' | 'peers';

/** A cluster, and the faults that it can have. */
interface Played extends AsyncDisposable {
  readonly nodes: readonly (ServerProcess | undefined)[];
  /** How its parts are cut from each other. */
  readonly wiring: string;
  next(random: () => number): {
    readonly fault: { readonly kind: string; readonly index: number; readonly forMs: number };
    begin(): Promise<() => Promise<void>>;
  };
}

async function worldOf(mode: Mode): Promise<Played> {
  if (mode === 'peers') {
    const world = await PeersWorld.start();
    return {
      nodes: world.nodes,
      wiring: 'proxies',
      next: (random) => {
        const fault = peerFaultOf(random);
        return { fault, begin: () => world.begin(fault) };
      },
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  }
  const world = await NemesisWorld.start({ env: { ROLLCALL_CLUSTER_MODE: mode } });
  return {
    nodes: world.nodes,
    wiring: world.wiring,
    next: (random) => {
      const fault = faultOf(random);
      return { fault, begin: () => world.begin(fault) };
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

class History {
  readonly #world: Played;
  readonly clients: ClusterClients;
  readonly faults: string[] = [];
  readonly wrong: string[] = [];
  readonly #resolvers: Resolvers;
  readonly watch: SwitchingWatch;
  readonly #drains: Promise<void>[] = [];
  #isOver = false;

  constructor(world: Played, random: () => number) {
    this.#world = world;
    this.clients = new ClusterClients(world.nodes, instances);
    this.#resolvers = new Resolvers(world.nodes);
    this.watch = new SwitchingWatch(world.nodes, random);
  }

  async look(): Promise<void> {
    const { clients } = this;
    while (!this.#isOver) {
      await clients.renew();
      const from = clients.samples.length;
      await clients.observe();
      for (const sample of clients.samples.slice(from)) {
        this.#note('vanished', sample.node, vanished(sample, clients.beating));
        this.#note('back', sample.node, back(sample, clients.beating));
      }
      await pause(200);
    }
  }

  async disturb(random: () => number): Promise<void> {
    const endsMs = performance.now() + seconds * 1000;
    while (performance.now() < endsMs) {
      const { fault, begin } = this.#world.next(random);
      this.faults.push(`${fault.kind} ${fault.index + 1} for ${fault.forMs} ms`);
      const end = await begin();
      await pause(fault.forMs);
      await end();
      const chosen = (): Beating | undefined => this.clients.beating[Math.floor(random() * instances)];
      const [silent, cancelled, drained] = [chosen(), chosen(), chosen()];
      if (silent !== undefined && random() < 0.2) silent.isSilent = true;
      if (cancelled !== undefined && random() < 0.2) await this.clients.cancel(cancelled);
      const node = Math.floor(random() * 3);
      if (drained !== undefined && random() < 0.6 && !drained.isSilent && !drained.isOut)
        this.#drains.push(this.clients.drain(drained, node, (address) => this.#resolvers.heldMs(address)));
      await pause(1000 + Math.floor(random() * 4000));
    }
  }

  /** All nodes are joined and answer alike, and the watch has the same state. */
  async settle(): Promise<void> {
    await Promise.all(this.#drains);
    const nodes = this.#world.nodes as ServerProcess[];
    const states = () => Promise.all(nodes.map(async (node) => (await api(node, 'GET', '/nodes')).body['state']));
    const areJoined = async () => (await states()).every((one) => one === 'joined');
    await until('all are joined', areJoined, { withinMs: endMs });
    const living = this.clients.beating.filter(({ isSilent }) => !isSilent);
    const addresses = living.map(({ address }) => address).sort();
    const areAlike = async () => (await Promise.all(nodes.map(dnsOf))).every((one) => one.join() === addresses.join());
    await until('the silent are gone everywhere, and the others there', areAlike, { withinMs: 120_000, everyMs: 500 });
    const names = living.map(({ name }) => `prod/orders/${name}`).sort();
    await until('the watch has what a snapshot has', () => this.watch.instances?.join() === names.join());
  }

  async stop(looking: Promise<void>): Promise<void> {
    this.#isOver = true;
    await Promise.all([looking, this.#resolvers.stop(), this.watch.stop()]);
  }

  #note(what: string, node: number, names: readonly string[]): void {
    if (names.length > 0) this.wrong.push(`${what} at n${node + 1} after ${this.faults.join(', ')}: ${names.join()}`);
  }
}

const modes = (['ap', 'cp', 'peers'] as const).filter(
  (mode) => (process.env['HISTORY_MODE'] ?? mode) === mode && (mode === 'peers' || missingEtcd.length === 0),
);

describe(`a history of ${seconds} s with the seed ${seed}`, () => {
  test.each(modes)(
    'of mode %s keeps what is promised',
    {
      timeout: (seconds + 300) * 1000,
    },
    async (mode) => {
      const random = seededNumbers(seed);
      await using world = await worldOf(mode);
      const history = new History(world, seededNumbers(seed + 1));
      const { clients, faults, wrong, watch } = history;
      await clients.registerAll();
      const registers = new Registers(world.nodes, mode === 'cp' ? ['r1', 'r2', 'r3'] : [], seededNumbers(seed + 2));
      const looking = history.look();
      await history.disturb(random);
      await history.settle();
      await registers.stop();
      await history.stop(looking);
      const context = `seed ${seed}, ${world.wiring}: ${faults.join(', ')}`;
      expect({ context, wrong }).toEqual({ context, wrong: [] });
      expect({ context, fallen: fallen(clients.samples) }).toEqual({ context, fallen: [] });
      // Without etcd each node has numbers of its own.
      if (mode !== 'peers') expect({ context, unlike: unlike(clients.samples) }).toEqual({ context, unlike: [] });
      expect({ context, lies: clients.lies }).toEqual({ context, lies: [] });
      expect({ context, registers: registerFaults(registers.calls) }).toEqual({ context, registers: [] });
      // It has been at more than one node, or it would show nothing; and so with the reads.
      expect(watch.switches).toBeGreaterThan(2);
      if (mode === 'cp') expect(registers.calls.filter(isRead).length).toBeGreaterThan(10);
      const metrics = await Promise.all(world.nodes.map(async (node) => (await fetch(`${node?.http}/metrics`)).text()));
      for (const text of metrics) expect(text).toContain('rollcall_cluster_drift_total 0');
    },
  );
});

function isRead({ kind }: RegisterCall): boolean {
  return kind === 'read';
}
