// One scenario from a registry in etcd to the numbers that cluster.md §17.3 sets bars for: who renewed and was not answered,
// when the silent left, and how long after the fault all nodes were alike. Printed as lines, one fact each.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NemesisWorld } from '../kit/cluster/cluster-nemesis.ts';
import { api } from '../kit/cluster/cluster-world.ts';
import type { ServerProcess } from '../kit/process/server-process.ts';
import { until } from '../kit/process/until.ts';
import { Fleet, type Member, perApp } from './fleet.ts';
import { type Scenario, type ScenarioName, scenarios } from './scenarios.ts';
import { seed } from './seeding.ts';
import { Sightings } from './sightings.ts';

export interface PlayOptions {
  readonly scenario: ScenarioName;
  readonly instances: number;
  readonly leaseSeconds: number;
  /** Undefined: as the scenario has it. */
  readonly faultSeconds: number | undefined;
  readonly isSpread: boolean;
  /** The folder of the nodes' output. */
  readonly logs: string | undefined;
}

const sessionSeconds = 10;
/** So few fall silent that no guard holds them: one of an app, and one in a hundred. */
const silentShare = 100;
const alikeMsMax = 5000;
/** Between two looks at a silent instance, and the way there and back, on a machine that the looks share. */
const lookMs = 1500;

/** Whether all bars hold. */
export async function play(options: PlayOptions): Promise<boolean> {
  const { scenario, instances, leaseSeconds, isSpread } = options;
  const plan: Scenario = scenarios[scenario];
  const nodes: { at: (index: number) => ServerProcess | undefined } = { at: () => undefined };
  const nodeAt = (index: number) => nodes.at(index);
  const fleet = new Fleet({ instances, leaseSeconds, isSpread, nodeAt });
  await using world = await NemesisWorld.start({
    env: { ROLLCALL_CLUSTER_SESSION_SECONDS: String(sessionSeconds) },
    prepare: async (etcd, prefix, start) => {
      const first = await start();
      const pattern = { addrs: ['http://10.0.0.1:80'], leaseSeconds };
      const { status } = await api(first, 'PUT', '/apps/prod/pattern/p', pattern);
      if (status !== 201) throw new Error(`cannot register the pattern: ${status}`);
      await first.stop();
      await seed(etcd.urls, prefix, fleet.members);
    },
  });
  nodes.at = (index) => world.nodes[index];
  const how = `lease ${leaseSeconds} s, renewed each ${(leaseSeconds / 3).toFixed(1)} s ${isSpread ? 'at all nodes in turn' : 'at home'}`;
  print('scenario', `${scenario}: ${instances} instances, ${how}; ${world.wiring}`);
  const sightings = new Sightings(fleet, leaseSeconds * 1000, nodeAt);
  fleet.start();
  if (plan.isSaved === true) {
    await world.save();
    await untilAlike(sightings, 60_000);
  }
  sightings.start();
  await pause((leaseSeconds * 1000) / 2);

  const silent = fallSilent(fleet);
  const end = await world.begin({ kind: plan.fault, index: 0, forMs: 0 });
  await pause((options.faultSeconds ?? plan.faultSeconds) * 1000);
  const endingMs = performance.now();
  await end();
  const healedMs = performance.now();
  sightings.healedMs = healedMs;
  print('the end of the fault', `took ${((healedMs - endingMs) / 1000).toFixed(1)} s`);
  const alike = await alikeAfter(world, sightings, healedMs);
  await untilGone(sightings, silent, leaseSeconds, plan.isOwnerDead ? [1, 2] : [0, 1, 2]);
  await sightings.stop();
  if (options.logs !== undefined) writeLogs(options.logs, world);
  const isWithin = await reported({ plan, fleet, sightings, silent, ...alike, leaseSeconds, nodeAt });
  await fleet.stop();
  return isWithin;
}

function writeLogs(folder: string, world: NemesisWorld): void {
  mkdirSync(folder, { recursive: true });
  for (const [index, node] of world.all.entries()) writeFileSync(join(folder, `${index}.log`), node.output());
}

function fallSilent(fleet: Fleet): readonly Member[] {
  const count = Math.min(fleet.apps, Math.floor(fleet.members.length / silentShare));
  const silent = Array.from({ length: count }, (_, app) => fleet.members[app * perApp + (app % 2)]).filter(
    (one) => one !== undefined,
  );
  for (const one of silent) one.isSilent = true;
  return silent;
}

async function alikeAfter(
  world: NemesisWorld,
  sightings: Sightings,
  healedMs: number,
): Promise<{ readonly alikeMs: number; readonly last: string }> {
  await until('three nodes', () => [0, 1, 2].every((index) => world.nodes[index] !== undefined), { withinMs: 60_000 });
  const last = await untilAlike(sightings, 120_000);
  return { alikeMs: performance.now() - healedMs, last };
}

/** Of those that renew; the silent may leave meanwhile. */
async function untilAlike(sightings: Sightings, withinMs: number): Promise<string> {
  let last = 'none';
  const isAlike = async (): Promise<boolean> => {
    const difference = await sightings.difference();
    last = difference ?? last;
    return difference === undefined;
  };
  await until('all nodes being alike', isAlike, { withinMs, everyMs: 100 });
  return last;
}

async function untilGone(
  sightings: Sightings,
  silent: readonly Member[],
  leaseSeconds: number,
  looked: readonly number[],
): Promise<void> {
  const areGone = () =>
    silent.every(({ name }) => looked.every((node) => sightings.goneMs.get(name)?.[node] !== undefined));
  await until('the silent leaving', areGone, { withinMs: leaseSeconds * 4000 + 60_000, everyMs: 500 }).catch(() => {});
}

interface Played {
  readonly plan: Scenario;
  readonly fleet: Fleet;
  readonly sightings: Sightings;
  readonly silent: readonly Member[];
  readonly alikeMs: number;
  /** The last difference. */
  readonly last: string;
  readonly leaseSeconds: number;
  readonly nodeAt: (index: number) => ServerProcess | undefined;
}

async function reported(played: Played): Promise<boolean> {
  const { plan, fleet, sightings, silent, alikeMs, last, leaseSeconds, nodeAt } = played;
  const { renewed, registeredAgain, failedCalls, lateBatches } = fleet.counts;
  print(
    'renewals',
    `${renewed} (calls failed ${failedCalls}, batches late ${lateBatches}, registered again ${registeredAgain})`,
  );
  print(
    'DNS answers read',
    `${sightings.answers} (none in time ${sightings.unanswered.none}, SERVFAIL ${sightings.unanswered.refused})`,
  );
  const vanished = sightings.missing;
  print(
    'renewing and not answered',
    `${vanished.length}${examples(vanished.map(({ name, node, heardMsAgo }) => `${name} at n${node + 1}, heard ${(heardMsAgo / 1000).toFixed(1)} s before`))}`,
  );
  print('alike after the fault', `${(alikeMs / 1000).toFixed(1)} s; the last difference: ${last}`);
  // What is dead or cut off is not asked.
  const looked = plan.isOwnerDead ? [1, 2] : [0, 1, 2];
  const intervalSeconds = leaseSeconds / 3;
  // Its last renewal was up to an interval before its owner's last proof.
  const heldSeconds = plan.isOwnerHeld === true ? leaseSeconds + 1.5 * intervalSeconds : undefined;
  const ofDead = { withinSeconds: leaseSeconds + 2.5 * intervalSeconds + 1, afterSeconds: heldSeconds, looked };
  const livingSeconds = plan.isPeerSilent === true ? leaseSeconds * 1.5 : leaseSeconds;
  // Without etcd none is evicted; then each lease has one and a half intervals more, from the joining on.
  const afterSeconds = plan.isEtcdAway === true ? 1.5 * intervalSeconds + alikeMsMax / 1000 : undefined;
  const ofLiving = { withinSeconds: livingSeconds + 1, afterSeconds, looked };
  const [ofFirst, ofOthers] = [0, 1].map((other) => silent.filter(({ home }) => (home === 0 ? 0 : 1) === other));
  const areInTime = plan.isOwnerDead
    ? [
        departures('silent, owner alive', ofOthers ?? [], sightings, ofLiving),
        departures('silent, owner dead', ofFirst ?? [], sightings, ofDead),
      ]
    : [departures('silent', silent, sightings, ofLiving)];
  for (const index of [0, 1, 2]) {
    const node = nodeAt(index);
    if (node !== undefined) print(`n${index + 1}`, await countsOf(node));
  }
  return vanished.length === 0 && alikeMs <= alikeMsMax && areInTime.every(Boolean);
}

interface DepartureBar {
  /** After the last renewal. */
  readonly withinSeconds: number;
  /** After the end of the fault. */
  readonly afterSeconds?: number | undefined;
  readonly looked: readonly number[];
}

/** Whichever is later. */
function departures(
  what: string,
  silent: readonly Member[],
  { goneMs, healedMs }: Sightings,
  { withinSeconds, afterSeconds = 0, looked }: DepartureBar,
): boolean {
  const latestMs = (renewedMs: number): number =>
    Math.max(renewedMs + withinSeconds * 1000, afterSeconds === 0 ? 0 : healedMs + afterSeconds * 1000) + lookMs;
  const times = silent.map(({ name, renewedMs }) => {
    const at = looked.map((node) => goneMs.get(name)?.[node] ?? Number.POSITIVE_INFINITY);
    const goneAtMs = Math.max(...at);
    return { afterMs: goneAtMs - renewedMs, isLate: goneAtMs > latestMs(renewedMs) };
  });
  const sorted = times
    .map(({ afterMs }) => afterMs)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const stayed = times.length - sorted.length;
  const [median = 0, last = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const late = times.filter(({ isLate }) => isLate).length - stayed;
  const bar = `${withinSeconds} s${afterSeconds === 0 ? '' : `, or ${afterSeconds} s after the fault`}`;
  print(
    what,
    `${times.length}, gone everywhere after ${(median / 1000).toFixed(1)} s (median), ${(last / 1000).toFixed(1)} s (last); stayed ${stayed}; later than ${bar}: ${late}`,
  );
  return stayed === 0 && late === 0;
}

async function countsOf(node: ServerProcess): Promise<string> {
  const text = await (await fetch(`${node.http}/metrics`)).text();
  const lines = text.split('\n');
  const of = (name: string): string =>
    lines.find((line) => line.startsWith(`rollcall_cluster_${name} `))?.split(' ')[1] ?? '-';
  const names = [
    'owned',
    'orphans',
    'takeovers_total{why="dead"}',
    'evictions_total',
    'drift_total',
    'conflicts_total',
    'unknown_renewals_total{outcome="404"}',
  ];
  return names.map((name) => `${name.replace('_total', '')} ${of(name)}`).join(', ');
}

function examples(all: readonly string[]): string {
  return all.length === 0 ? '' : `: ${all.slice(0, 5).join('; ')}${all.length > 5 ? ' ...' : ''}`;
}

function print(what: string, value: string): void {
  console.log(`${what.padEnd(26)} ${value}`);
}
