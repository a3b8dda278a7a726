// The parameters of a list of instances that choose among them and order them: `near`, `order`, `limit`, and `subset` with
// `client`. A client that does not name itself is named by its address, which is one name for all behind one proxy.

import type { FastifyRequest } from 'fastify';
import { problem } from '../../model/problem.ts';
import type { Choice } from '../../model/selection/choose.ts';
import { Order } from '../../model/selection/order.ts';
import type { QueryReader } from './query-reader.ts';

export const choiceParameters = ['near', 'order', 'limit', 'subset', 'client'] as const;

/** Longer than any list that is read at once. */
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
