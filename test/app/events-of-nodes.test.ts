// A node's events before it began are those of another node, as far back as any of them goes.

import { expect, test } from 'vitest';
import { type AskNodes, EventsOfNodes, ownEvents } from '../../src/app/events-of-nodes.ts';
import { ChangeLog } from '../../src/history/change-log.ts';
import { LogRecorder } from '../../src/history/log-recorder.ts';
import { Harness } from '../kit/registry/harness.ts';

/** Of three registrations, the first of them at revision 101, it misses those before this one. */
function node(first: number) {
  const harness = new Harness();
  const { registry, clock } = harness;
  const log = new ChangeLog(registry, { max: 100 });
  const recorder = new LogRecorder(log, clock.wallMs());
  registry.onChange((change) => log.append(change));
  for (const [index, id] of ['a', 'b', 'c'].entries()) {
    if (index === first) log.startAnew(clock.wallMs());
    harness.register(`orders.prod/${id}`);
  }
  return { log, recorder, clock };
}

const asking =
  (...others: readonly ReturnType<typeof node>[]): AskNodes =>
  async (question) =>
    Promise.all(others.map(({ recorder }) => ownEvents(recorder, JSON.parse(JSON.stringify(question)))));
const namesOf = (changes: readonly { readonly after?: unknown; readonly before?: unknown }[]) =>
  changes.map(({ after, before }) => ((after ?? before) as { instance: string }).instance);

test('what a node has not applied comes from the one that goes furthest back, newest first', async () => {
  const [old, young, late] = [node(0), node(1), node(2)];
  const recorder = new EventsOfNodes(late.recorder, asking(young, old));
  const page = await recorder.events({ limit: 10 });
  expect(namesOf(page.changes)).toEqual(['c', 'b', 'a']);
  expect(page.completeSince).toBe(100);
  expect(namesOf((await recorder.events({ limit: 2 })).changes)).toEqual(['c', 'b']);
  expect(namesOf((await recorder.events({ limit: 10, before: 103 })).changes)).toEqual(['b', 'a']);
});

test('a page that is whole asks no node, and without an answer it is what the node has', async () => {
  let asked = 0;
  const recorder = new EventsOfNodes(node(2).recorder, async () => {
    asked++;
    return ['nonsense', undefined, { rows: [{}], completeSince: 1 }];
  });
  expect(namesOf((await recorder.events({ limit: 1 })).changes)).toEqual(['c']);
  expect(asked).toBe(0);
  const page = await recorder.events({ limit: 2 });
  expect([namesOf(page.changes), page.completeSince, asked]).toEqual([['c'], 102, 1]);
});

test('a node that missed changes says since when it knows them', async () => {
  const { log, recorder, clock } = node(0);
  clock.advance(5000);
  log.startAnew(clock.wallMs());
  const page = await recorder.events({ limit: 10 });
  expect(page).toMatchObject({ changes: [], completeSince: 103, completeSinceMs: clock.wallMs() });
});

test('a question that is none gets no answer', async () => {
  const { recorder } = node(0);
  for (const question of [undefined, {}, { limit: 1e9 }, { limit: 5, why: 'x' }, { limit: 5, env: 7 }])
    expect(await ownEvents(recorder, question)).toBeUndefined();
});
