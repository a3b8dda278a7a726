// Until when resolvers may hold answers with an instance: what the DNS side knows of its own answers, what a cluster knows
// of all nodes', and what a drain waits for. Times are monotonic milliseconds of this process.

import type { Instance } from './instance.ts';

/** What the record of answers knows an instance by. */
export type AnsweredInstance = Pick<Instance, 'env' | 'appid' | 'instance' | 'dnsTtl'>;

/** One answer that may be served again: when it last was, which is set each time. */
export interface ServeRecord {
  lastServedMs: number;
  /** False: the answer must not be served again. */
  isOpen: boolean;
}

export interface AnswersHeld {
  /** When the last answer that may still be held was sent; undefined: none may be. */
  readonly lastServedMs: number | undefined;
  /** Not in the future: none is held. */
  readonly heldUntilMs: number;
  /** Live nodes of the cluster that did not answer. */
  readonly unknown?: readonly string[] | undefined;
  /** Nodes that died without notice: their answers count from the end of their session. */
  readonly assumedDead?: readonly string[] | undefined;
}
