// Until when any node's answers with an instance may be held: each is asked once it has applied what this one has. Times
// go over the link as "milliseconds from now", so clocks do not matter. A node that lives and does not answer may answer
// resolvers still: then it is not over yet. One that died without a word, and was not struck off since, is named, because a
// node that is cut off from all others cannot be distinguished from a dead one.

import type { AnsweredInstance, AnswersHeld } from '../../model/answers-held.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { NodeState, NodesTable } from '../nodes/nodes-table.ts';
import { answersHeldReplyOf } from './messages.ts';
import type { Peers } from './peers.ts';

const askMs = 2000;
/** Beyond the TTL, as on one node. */
const beyondTtlMs = 1500;

export interface AnswersHeldDeps {
  readonly table: NodesTable;
  readonly peers: Pick<Peers, 'call'>;
  readonly me: string;
  readonly certainty: 'reachable' | 'all';
  /** The revisions are this node's own. */
  readonly isOwnRevision: boolean;
  /** Of the answers. */
  readonly registryClock: Clock;
  /** Of the table. */
  readonly clock: Clock;
}

export class AnswersHeldAtPeers {
  readonly #deps: AnswersHeldDeps;

  constructor(deps: AnswersHeldDeps) {
    this.#deps = deps;
  }

  async ask(
    instance: AnsweredInstance,
    revision: number,
    here: (instance: AnsweredInstance) => Promise<AnswersHeld>,
  ): Promise<AnswersHeld> {
    const others = [...this.#deps.table.all()].filter(({ node }) => node !== this.#deps.me);
    const asked = others.filter(({ hasSession, isMissed }) => hasSession || isMissed);
    const left = others.filter((one) => !asked.includes(one));
    const replies = await Promise.all([here(instance), ...asked.map((state) => this.#at(state, instance, revision))]);
    const all = [...replies, ...left.map((state) => this.#ofOneThatLeft(state, instance))];
    const unknown = all.flatMap((one) => one.unknown ?? []);
    const assumedDead = all.flatMap((one) => one.assumedDead ?? []);
    const served = all.flatMap(({ lastServedMs }) => (lastServedMs === undefined ? [] : [lastServedMs]));
    return {
      lastServedMs: served.length === 0 ? undefined : Math.max(...served),
      heldUntilMs: Math.max(...all.map(({ heldUntilMs }) => heldUntilMs)),
      ...(unknown.length === 0 ? {} : { unknown }),
      ...(assumedDead.length === 0 ? {} : { assumedDead }),
    };
  }

  async #at(state: NodeState, instance: AnsweredInstance, revision: number): Promise<AnswersHeld> {
    const { node, hasSession, isDead } = state;
    const { env, appid, instance: id, dnsTtl } = instance;
    const whose = this.#deps.isOwnRevision ? { node: this.#deps.me } : {};
    const question = { env, appid, instance: id, dnsTtl, revision, ...whose };
    const reply = answersHeldReplyOf(await this.#deps.peers.call(node, 'answers-held', question, askMs));
    const nowMs = this.#deps.registryClock.monotonicMs();
    if (reply === undefined && !hasSession && isDead && this.#deps.certainty === 'reachable')
      return { ...this.#ofOneThatLeft(state, instance), assumedDead: [node] };
    if (reply === undefined)
      return { lastServedMs: undefined, heldUntilMs: nowMs + dnsTtl * 1000 + beyondTtlMs, unknown: [node] };
    const { heldMs, servedMsAgo } = reply;
    const lastServedMs = servedMsAgo === undefined ? undefined : nowMs - servedMsAgo;
    return { lastServedMs, heldUntilMs: nowMs + heldMs };
  }

  /** Its last answers came before its session ended. */
  #ofOneThatLeft({ sessionGoneMs }: NodeState, { dnsTtl }: AnsweredInstance): AnswersHeld {
    const { clock, registryClock } = this.#deps;
    const goneMs = registryClock.monotonicMs() - (clock.monotonicMs() - sessionGoneMs);
    return { lastServedMs: undefined, heldUntilMs: goneMs + dnsTtl * 1000 + beyondTtlMs };
  }
}
