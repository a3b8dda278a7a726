// Parameters of a front's call as its clients send them: in the query, in a form body whatever its content type, or in
// both, where the body wins. A parameter may be repeated, may have no value, and is decoded once.
// Limits: `parametersMax`; the octets are bounded by the body limit and by Node's limit of headers.

import type { FastifyRequest } from 'fastify';

const parametersMax = 1000;

export class Parameters {
  readonly #query: URLSearchParams;
  readonly #body: URLSearchParams;

  constructor(query: string, body = '') {
    this.#query = bounded(query);
    this.#body = bounded(body);
  }

  /** The first value; undefined: it is not there. */
  get(name: string): string | undefined {
    return this.#body.get(name) ?? this.#query.get(name) ?? undefined;
  }

  /** All its values, in order. */
  all(name: string): readonly string[] {
    return this.#body.has(name) ? this.#body.getAll(name) : this.#query.getAll(name);
  }

  /** All names and values of the query. */
  queryEntries(): readonly (readonly [name: string, value: string])[] {
    return [...this.#query];
  }
}

/** The query alone, for calls without a form. */
export function queryOf({ url }: Pick<FastifyRequest, 'url'>): Parameters {
  const at = url.indexOf('?');
  return new Parameters(at < 0 ? '' : url.slice(at + 1));
}

export function parametersOf(request: Pick<FastifyRequest, 'url' | 'body'>): Parameters {
  const at = request.url.indexOf('?');
  const form = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
  return new Parameters(at < 0 ? '' : request.url.slice(at + 1), form);
}

function bounded(text: string): URLSearchParams {
  const parts = text.split('&', parametersMax);
  return new URLSearchParams(parts.join('&'));
}
