// The order in which the API is used, with commands that work when they are pasted one after the other. Which calls a
// chapter explains is named here; a call that no chapter names is listed at the end, so none is lost.

import { digCommand, dnsNameOf } from '../live/server.ts';
import type { Description } from './description.ts';

export interface Chapter {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly examples: readonly string[];
  /** `METHOD /path` as in the description. */
  readonly calls: readonly string[];
}

export function isSecured({ security }: Description): boolean {
  return security !== undefined && security.length > 0;
}

const one = '/api/v1/apps/{env}/{appid}/{instance}';

/** `base` without a slash at its end. */
export function chapters(base: string, secured: boolean): readonly Chapter[] {
  const token = secured ? ' -H "authorization: Bearer $ROLLCALL_TOKEN"' : '';
  const curl = (args: string, path: string, body?: unknown): string => {
    const json =
      body === undefined ? '' : ` \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body)}'`;
    return `curl -fsS${token}${args === '' ? '' : ` ${args}`} '${base}${path}'${json}`;
  };
  const instance = '/api/v1/apps/prod/orders/orders-1';
  const body = { addrs: ['http://10.0.0.7:8080'], version: '1.4.2', zone: 'eu-1a' };
  return [
    {
      id: 'register',
      title: 'Register',
      text: 'The reply has the DNS names of the instance, the length of its lease and the command that renews it. It is sent when every DNS listener of this server answers with the instance.',
      examples: [curl('-X PUT', instance, body)],
      calls: [`PUT ${one}`, `PATCH ${one}`],
    },
    {
      id: 'find',
      title: 'Find',
      text: 'Over DNS, from any resolver; or over HTTP, with filters, as a list, a long poll or a stream of changes. The last command explains why an answer is what it is.',
      examples: [
        digCommand(dnsNameOf('prod', 'orders'), 'SRV'),
        curl('', '/api/v1/apps/prod/orders?status=up'),
        curl('', `/api/v1/resolve?name=${dnsNameOf('prod', 'orders')}&type=A`),
      ],
      calls: [
        'GET /api/v1/apps/{env}/{appid}',
        `GET ${one}`,
        'GET /api/v1/apps',
        'GET /api/v1/apps/{env}',
        'GET /api/v1/watch',
        'GET /api/v1/resolve',
        'GET /dns-query',
        'POST /dns-query',
      ],
    },
    {
      id: 'keep',
      title: 'Keep',
      text: 'Renew before the lease ends, a third of it is a good interval. What is not renewed leaves the answers by itself. A 404 means: register again.',
      examples: [
        curl('-X PUT', `${instance}/renew`),
        curl('-X POST', '/api/v1/renew', { instances: [{ env: 'prod', appid: 'orders', instance: 'orders-1' }] }),
      ],
      calls: [`PUT ${one}/renew`, 'POST /api/v1/renew'],
    },
    {
      id: 'stop',
      title: 'Stop',
      text: 'A drain takes the instance out of every answer and, with wait, returns when no resolver can hold its address any more: then stop the program, and cancel.',
      examples: [curl('-X POST', `${instance}/drain?wait=30s`), curl('-X DELETE', `${instance}?reason=scaled+down`)],
      calls: [`POST ${one}/drain`, `POST ${one}/up`, `DELETE ${one}`],
    },
    {
      id: 'look-back',
      title: 'Look back, undo',
      text: 'Every change is recorded with its time, client and reason. What was removed by mistake is registered again by a restore; with dryRun it only lists what it would do.',
      examples: [
        curl('', '/api/v1/events?app=prod/orders&from=-15m'),
        curl('-X POST', '/api/v1/restore', { app: 'prod/orders', from: '-15m', dryRun: true }),
      ],
      calls: ['GET /api/v1/events', 'POST /api/v1/restore'],
    },
    {
      id: 'operate',
      title: 'Operate',
      text: 'Whether the server is alive and ready, its metrics for Prometheus, what its self-protection holds, who asks DNS for what, its zone files, what a token may do and which calls were refused; and all of its state as a file.',
      examples: [curl('', '/readyz'), curl('', '/api/v1/guard')],
      calls: [
        'GET /healthz',
        'GET /readyz',
        'GET /metrics',
        'GET /api/v1/guard',
        'GET /api/v1/queries',
        'GET /api/v1/queries/unasked',
        'GET /api/v1/zones',
        'GET /api/v1/whoami',
        'GET /api/v1/refusals',
        'GET /api/v1/export',
        'POST /api/v1/import',
      ],
    },
  ];
}
