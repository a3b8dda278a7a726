// Commits a decision. On one node that is done at once: the changes get the next revisions and are applied. In a cluster
// they are written to its store first and applied when they come back with their revisions; where another node's write came
// first, the command is decided anew, which is why the committer gets the command too.

import type { Actor } from '../model/change.ts';
import type { Command, OutcomeOf } from '../model/command.ts';
import type { Decision } from '../model/decision.ts';
import type { Refused } from '../model/submit.ts';
import type { Registry } from '../registry/registry.ts';
import type { Moment } from '../runtime/clock.ts';

export interface Committer {
  commit<C extends Command>(
    actor: Actor,
    command: C,
    decision: Decision<OutcomeOf<C>>,
    now: Moment,
  ): OutcomeOf<C> | Refused | Promise<OutcomeOf<C> | Refused>;
}

/** The committer of a node without a cluster: never a promise. */
export class LocalCommitter implements Committer {
  readonly #registry: Pick<Registry, 'settle'>;

  constructor(registry: Pick<Registry, 'settle'>) {
    this.#registry = registry;
  }

  commit<C extends Command>(_actor: Actor, _command: C, decision: Decision<OutcomeOf<C>>, at: Moment): OutcomeOf<C> {
    return this.#registry.settle(decision, at);
  }
}
