// Another registry as a script: each request is answered by a function, held, or refused; what was asked is kept.

import type {
  RegistrySource,
  SourceAnswer,
  SourceFault,
  SourceHttp,
  SourceRequest,
  SourceState,
} from '../../../src/bridges/source.ts';
import { FakeScheduler, turns } from '../client/client-scheduler.ts';

export interface Asked extends SourceRequest {
  answer(body: unknown, more?: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> }): void;
  fail(fault: string): void;
}

export function sourceScript() {
  const scheduler = new FakeScheduler();
  const asked: Asked[] = [];
  const http: SourceHttp = (request, signal) =>
    new Promise<SourceAnswer | SourceFault>((resolve) => {
      signal.addEventListener('abort', () => resolve({ fault: 'aborted' }), { once: true });
      asked.push({
        ...request,
        answer: (body, { status = 200, headers = {} } = {}) =>
          resolve({
            status,
            text: typeof body === 'string' ? body : JSON.stringify(body),
            header: (name) => headers[name],
          }),
        fail: (fault) => resolve({ fault }),
      });
    });
  const states: SourceState[] = [];
  const outages: string[] = [];
  const stop = new AbortController();
  const follow = (source: RegistrySource): Promise<void> =>
    source.follow(
      { onState: (state) => void states.push(state), onOutage: (why) => void outages.push(why) },
      stop.signal,
    );
  /** The request that came next; by the beginning of its path where several come at once. */
  const next = async (path = '/'): Promise<Asked> => {
    for (let turn = 0; turn < 20; turn++) {
      const at = asked.findIndex((one) => one.path.startsWith(path));
      if (at >= 0) return asked.splice(at, 1)[0] as Asked;
      await turns();
    }
    throw new Error(`nothing below ${path} was asked: ${asked.map((one) => one.path).join(' ')}`);
  };
  return { scheduler, http, asked, states, outages, stop, follow, next, turns };
}
