// Writes to keys that stand beside the instances' own: holds of instances that are not registered, and the marks of nodes
// that died. None of them is a change of data, so none moves the serial.

import type { InstanceKey } from '../../model/names.ts';
import type { Override } from '../../model/status.ts';
import { isFault } from '../engine.ts';
import { holdText } from '../records/hold-value.ts';
import { deadNodeKey, holdPath, instancePath, zoneKey } from '../records/keys.ts';
import type { ClusterReplica } from '../replica/replica.ts';
import type { Publisher } from './publisher.ts';

/** So long the own watch may take until what was written has come back by it. */
const appliedMs = 3000;

export class NodeAndHoldWrites {
  readonly #prefix: string;
  readonly #publisher: Pick<Publisher, 'move'>;
  readonly #replica: Pick<ClusterReplica, 'hasApplied'>;

  constructor(
    prefix: string,
    { publisher, replica }: { publisher: Pick<Publisher, 'move'>; replica: Pick<ClusterReplica, 'hasApplied'> },
  ) {
    this.#prefix = prefix;
    this.#publisher = publisher;
    this.#replica = replica;
  }

  /** For the next registration of an instance; settles when this node has it too. A reason: it could not be written. */
  async keepHold(key: InstanceKey, override: Override): Promise<string | undefined> {
    const value = new TextEncoder().encode(holdText(override));
    const conditions = [{ key: this.#prefix + instancePath(key), is: 'absent' } as const];
    const writes = [{ key: this.#prefix + holdPath(key), value }];
    const reply = await this.#publisher.move({ conditions, writes, reads: [], isOwn: () => false });
    if (isFault(reply)) return reply.detail;
    if (reply.verdict.verdict === 'lost') return 'it was registered meanwhile';
    return (await this.#replica.hasApplied(reply.revision, appliedMs)) ? undefined : 'its watch is late';
  }

  /** Drains count a node that died no more, nor its zone files. A reason: it could not be written. */
  async strikeOff(node: string): Promise<string | undefined> {
    const reply = await this.#remove(deadNodeKey(node), zoneKey(node));
    return isFault(reply) ? reply.detail : undefined;
  }

  /** This node has died before, and is back. */
  noteAlive(node: string): void {
    void this.#remove(deadNodeKey(node));
  }

  #remove(...paths: readonly string[]) {
    const writes = paths.map((path) => ({ key: this.#prefix + path }));
    return this.#publisher.move({ conditions: [], writes, reads: [], isOwn: () => false });
  }
}
