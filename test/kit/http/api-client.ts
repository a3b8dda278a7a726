// The HTTP API as a client uses it: calls below /api/v1 over connections that are kept, replies as status and JSON. A call that is
// refused because the server's event loop is late, as it is on a busy machine, has changed nothing and is made again, as
// docs/api.md asks for. Overload is the subject of tests of its own.

import { Agent, request } from 'node:http';
import { until } from '../process/until.ts';

export type Json = Record<string, unknown>;

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Json;
}

export interface CallKnobs {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborts the call. */
  readonly signal?: AbortSignal;
}

export class ApiClient {
  readonly #base: string;
  readonly #agent: Agent;

  constructor(base: string, connectionsMax = 32) {
    this.#base = base;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  }

  /** `path` from the root: `/healthz`. */
  call(method: string, path: string, knobs?: CallKnobs): Promise<ApiReply> {
    return untilTaken(() => this.#callOnce(method, path, knobs), isOverloaded);
  }

  #callOnce(method: string, path: string, { body, headers = {}, signal }: CallKnobs = {}): Promise<ApiReply> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers };
    const options = { method, headers: all, agent: this.#agent, ...(signal === undefined ? {} : { signal }) };
    return new Promise((resolve, reject) => {
      const call = request(`${this.#base}${path}`, options, (response) => {
        let heard = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          heard += chunk;
        });
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode = 0, headers: received } = response;
          resolve({ status: statusCode, headers: received, text: heard, json: jsonOf(heard) });
        });
      });
      call.once('error', reject);
      call.end(text);
    });
  }

  /** Registers `prod/orders/orders-1`; anything but 200 and 201 is an error. */
  async register(place: string, addrs: readonly string[], fields: Json = {}): Promise<Json> {
    return this.#done('PUT', place, { body: { addrs, ...fields } });
  }

  patch(place: string, fields: Json): Promise<Json> {
    return this.#done('PATCH', place, { body: fields });
  }

  renew(place: string): Promise<Json> {
    return this.#done('PUT', `${place}/renew`);
  }

  cancel(place: string): Promise<Json> {
    return this.#done('DELETE', place);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #done(method: string, place: string, knobs: CallKnobs = {}): Promise<Json> {
    const { status, text, json } = await this.call(method, `/api/v1/apps/${place}`, knobs);
    if (status !== 200 && status !== 201) throw new Error(`${method} ${place}: ${status} ${text}`);
    return json;
  }
}

/** `fetch` in the same way. */
export function patientFetch(url: string, init?: RequestInit): Promise<Response> {
  return untilTaken(
    () => fetch(url, init),
    async (reply) =>
      isOverloaded({ status: reply.status, text: reply.status === 503 ? await reply.clone().text() : '' }),
  );
}

function isOverloaded({ status, text }: Pick<ApiReply, 'status' | 'text'>): boolean {
  return status === 503 && text.includes('urn:rollcall:problem:overloaded');
}

async function untilTaken<Reply>(
  call: () => Promise<Reply>,
  isRefused: (reply: Reply) => boolean | Promise<boolean>,
): Promise<Reply> {
  const ask = async (): Promise<{ readonly reply: Reply } | undefined> => {
    const reply = await call();
    return (await isRefused(reply)) ? undefined : { reply };
  };
  return (await until('a call that is taken', ask, { everyMs: 200 })).reply;
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}
