// The flight recorder of a registry without a disk: what it returns, and how it marks that its log has dropped something.

import { expect, test } from 'vitest';
import { ChangeLog } from '../../src/history/change-log.ts';
import { LogRecorder } from '../../src/history/log-recorder.ts';
import type { Registry } from '../../src/registry/registry.ts';
import type { FakeClock } from '../kit/process/clock.ts';
import { Harness } from '../kit/registry/harness.ts';
import { describeRecorder } from '../registry/recorder-contract.ts';

function open(registry: Registry, clock: FakeClock, max = 1000) {
  const log = new ChangeLog(registry, { max });
  registry.onChange((change) => log.append(change));
  return { recorder: new LogRecorder(log, clock.wallMs()) };
}

describeRecorder('a recorder in memory', open);

test('what the log has dropped is not claimed: the record then begins with the oldest that is kept', async () => {
  const harness = new Harness();
  const { recorder } = open(harness.registry, harness.clock, 2);
  const startMs = harness.clock.wallMs();
  for (const id of ['a1', 'a2', 'a3']) {
    harness.clock.advance(1000);
    harness.register(`orders.prod/${id}`);
  }
  const page = await recorder.events({ limit: 10 });
  expect(page.changes.map(({ revision }) => revision)).toEqual([103, 102]);
  expect(page).toMatchObject({ completeSince: 101, completeSinceMs: startMs + 2000 });
});
