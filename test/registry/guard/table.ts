// The table in docs/guard.md: what each rule made of each story.

import { Fleet } from './fleet.ts';
import { ClassicRule, OwnRule, type Rule, seeded } from './rules.ts';
import { type Story, stories } from './stories.ts';

export interface Result {
  readonly story: string;
  /** Seconds from the crash to the eviction, of those that died and were evicted. */
  readonly evictedAfter: readonly number[];
  readonly died: number;
  readonly wronged: number;
  readonly lowestShare: number;
  readonly holds: Fleet['holds'];
}

export function resultOf(story: Story, rule: Rule): Result {
  const fleet = new Fleet(rule);
  story.play(fleet);
  const dead = fleet.members.filter(({ diedAt }) => diedAt !== undefined);
  const evictedAfter = dead.flatMap(({ diedAt, evictedAt }) =>
    diedAt === undefined || evictedAt === undefined ? [] : [evictedAt - diedAt],
  );
  const { wronged, lowestShare, holds } = fleet;
  return { story: story.name, evictedAfter, died: dead.length, wronged, lowestShare, holds };
}

export interface Pair {
  readonly own: Result;
  readonly classic: Result;
}

export function results(): Pair[] {
  return stories.map((story) => ({
    own: resultOf(story, new OwnRule(seeded(1))),
    classic: resultOf(story, new ClassicRule(seeded(1))),
  }));
}

const heading = [
  '| what happens | rule | the dead leave after | evicted alive | live instances kept, at least | held, from the start of the story |',
  '|---|---|---|---|---|---|',
];

export function tableOf(pairs: readonly Pair[]): string {
  const rows = pairs.flatMap(({ own, classic }) => [row(own.story, 'rollcall', own), row('', 'classic', classic)]);
  return [...heading, ...rows].join('\n');
}

function row(story: string, rule: string, { evictedAfter, died, wronged, lowestShare, holds }: Result): string {
  const stayed = died - evictedAfter.length;
  const spread = evictedAfter.length === 0 ? '' : `${Math.min(...evictedAfter)}-${Math.max(...evictedAfter)} s`;
  const dead = [spread, stayed > 0 ? `${stayed} of ${died} stayed` : ''].filter((text) => text !== '').join('; ');
  const kept = `${(Math.floor(lowestShare * 1000) / 10).toFixed(1)} %`;
  return `| ${story} | ${rule} | ${died === 0 ? 'none died' : dead} | ${wronged} | ${kept} | ${heldText(holds)} |`;
}

function heldText(holds: Result['holds']): string {
  const [first] = holds;
  if (first === undefined) return 'never';
  const spans = holds.slice(0, 2).map(([from, to]) => `${from}-${to ?? 'end'} s`);
  return holds.length > 2 ? `${holds.length} times, first ${spans[0]}` : spans.join(', ');
}
