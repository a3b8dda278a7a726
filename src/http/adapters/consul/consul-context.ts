// What the calls of this front share beside the use cases: the index of ids, the nodes, the outputs of checks, and when TTL
// checks passed last.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Instance } from '../../../model/instance.ts';
import type { FrontContext } from '../front.ts';
import type { OutputOf } from './check-states.ts';
import type { KeptTexts } from './kept-texts.ts';
import { checkKey } from './part.ts';
import type { ServiceIndex } from './service-index.ts';
import type { ServiceTags } from './service-tags.ts';
import type { Nodes } from './shown-node.ts';
import type { TtlPasses } from './ttl-passes.ts';

export interface ConsulContext extends FrontContext {
  readonly index: ServiceIndex;
  readonly serviceTags: ServiceTags;
  readonly nodes: Nodes;
  readonly outputs: Outputs;
  readonly passes: TtlPasses;
  readonly texts: KeptTexts;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export type ConsulHandler = (
  context: ConsulContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | Promise<FastifyReply>;

/** What a path ends with: an id or a name, which may have slashes in it. */
export function lastPart({ params }: Pick<FastifyRequest, 'params'>): string {
  return (params as { readonly '*': string })['*'];
}

/** Outputs of checks, the latest: some 10 MB. */
const outputsMax = 10_000;
/** The original keeps 4096. */
const outputCharactersMax = 1024;

/** The outputs of checks whose status has not changed: no change of an instance, and not over a restart. */
export class Outputs {
  readonly #byCheck = new LRUCache<string, string>({ max: outputsMax });
  #version = 0;

  /** Moves when one of them becomes another. */
  get version(): number {
    return this.#version;
  }

  readonly of: OutputOf = (instance, checkId) => this.#byCheck.get(checkKey(instance, checkId));

  set(instance: Instance, checkId: string, output: string): void {
    const key = checkKey(instance, checkId);
    const text = output.slice(0, outputCharactersMax);
    // Most have none.
    if (text === (this.#byCheck.get(key) ?? '')) return;
    this.#byCheck.set(key, text);
    this.#version++;
  }
}
