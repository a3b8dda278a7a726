// The parameters of a list of instances that say whom a caller takes and in what order: `near`, `order`, `limit`, and
// `subset` with `client`. A client that does not name itself is called by its address, which is the same name for all
// who are behind one proxy.
// `round-robin` goes on from call to call: the number of the next turn is kept for each list that was asked for (app,
// filters, choice), so that two callers of different lists do not take each other's turns.
// Limit: `listsMax` lists; one that is forgotten begins anywhere, or the first instance would get all the calls.

import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { problem } from '../../model/problem.ts';
import type { Choice } from '../../model/selection/choose.ts';
import { type Draw, Order } from '../../model/selection/order.ts';
import type { QueryReader } from './query-reader.ts';

export const choiceParameters = ['near', 'order', 'limit', 'subset', 'client'] as const;

/** A list of more is not read at once by anybody. */
const listedMax = 1000;

/** Reads the parameters; problems are left with the reader. */
export function readChoice(query: QueryReader, request: FastifyRequest): Choice {
  const near = query.text('near');
  // An unset variable in a script would else prefer those that name no zone.
  if (near === '') query.problems.push(problem('near', 'must not be empty: leave it out to prefer no zone', near));
  const order = orderOf(query);
  const limit = query.integer('limit', 1, listedMax);
  const subset = subsetOf(query, request.ip);
  return {
    ...(near === undefined ? {} : { near }),
    ...(order === undefined ? {} : { order }),
    ...(subset === undefined ? {} : { subset }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function orderOf(query: QueryReader): Order | undefined {
  const text = query.text('order');
  const order = Order.find((known) => known === text);
  if (text !== undefined && order === undefined)
    query.problems.push(problem('order', `must be ${Order.slice(0, -1).join(', ')} or ${Order.at(-1)}`, text));
  return order;
}

function subsetOf(query: QueryReader, address: string): Choice['subset'] {
  const size = query.integer('subset', 1, listedMax);
  const client = query.text('client');
  if (client === '')
    query.problems.push(problem('client', 'must not be empty: leave it out to be called by your address'));
  else if (client !== undefined && query.texts('subset') === undefined)
    query.problems.push(problem('client', 'is the name that a subset is chosen by: give subset as well', client));
  return size === undefined ? undefined : { size, client: client ?? address };
}

const listsMax = 10_000;

export class Turns {
  readonly #next = new LRUCache<string, number>({ max: listsMax });
  readonly #random: () => number;

  /** `random`: uniform in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** What the next order of the list `key` is made with. */
  draw(key: string): Draw {
    const turn = this.#next.get(key) ?? Math.floor(this.#random() * 2 ** 31);
    this.#next.set(key, (turn + 1) % Number.MAX_SAFE_INTEGER);
    return { random: this.#random, turn };
  }
}
