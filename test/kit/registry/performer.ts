// Commands carried out on a registry at once, by a caller that may do all: for parts that are given `submit` or the like.

import { LocalCommitter } from '../../../src/control/committer.ts';
import type { Actor } from '../../../src/model/change.ts';
import type { Command, OutcomeOf } from '../../../src/model/command.ts';
import type { Submit } from '../../../src/model/submit.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import type { Clock } from '../../../src/runtime/clock.ts';

export function performer(registry: Registry, clock: Clock) {
  const committer = new LocalCommitter(registry);
  return <C extends Command>(actor: Actor, command: C): OutcomeOf<C> => {
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    return committer.commit(actor, command, registry.decide(command, actor, now), now);
  };
}

/** Settles at once: nothing is written down, and there is no DNS. */
export function submitter(registry: Registry, clock: Clock): Submit {
  const perform = performer(registry, clock);
  return async (_principal, actor, command) => perform(actor, command);
}
