// Several servers that may be asked for the same thing: the one that answered last is asked first, and one that does
// not answer, or says that it cannot (5xx), passes the question on to the next. Each is asked once a call; when to try
// again is for the caller to say.

import { type ApiFault, type ApiReply, type ApiRequest, callApi } from '../api-call.ts';
import type { Connection } from '../connection.ts';

/** Asks; a fault is the last server's. */
export type Ask = (request: ApiRequest) => Promise<ApiReply | ApiFault>;

export function askOneOf(connections: readonly Connection[], call = callApi): Ask {
  let current = 0;
  return async (request) => {
    let isUnsent = true;
    for (let asked = 1; ; asked++) {
      const reply = await call(connections[current] as Connection, request);
      const isUp = !('problem' in reply) || (reply.status !== undefined && reply.status < 500);
      if (isUp) return reply;
      current = (current + 1) % connections.length;
      isUnsent &&= reply.isUnsent === true;
      if (asked >= connections.length) return { ...reply, isUnsent };
    }
  };
}
