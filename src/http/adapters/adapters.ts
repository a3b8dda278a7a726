// The table of fronts, and how those that are switched on get their scope: a prefix, and a parser that takes bodies of
// any content type as they are. What a front does not catch becomes a problem document, as below /api/v1.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdapterName } from '../../model/adapters.ts';
import type { CredentialExtractor } from '../auth/auth.ts';
import { consul } from './consul/consul.ts';
import { discovery } from './discovery/discovery.ts';
import { eureka } from './eureka/eureka.ts';
import type { AdapterSettings, Front, FrontContext } from './front.ts';
import { nacos } from './nacos/nacos.ts';
import { tutorial } from './tutorial.ts';

const fronts: Readonly<Record<AdapterName, Front>> = { consul, discovery, eureka, nacos, tutorial };

/** How the clients of the named fronts show their secrets. */
export function extractorsOf(settings: AdapterSettings | undefined): readonly CredentialExtractor[] {
  return (settings?.names ?? []).flatMap((name) => {
    const { prefix, credentials, refuse } = fronts[name];
    const { scheme = 'Bearer', tokenOf = () => undefined } = credentials ?? {};
    return [{ scheme, tokenOf, prefix: `${prefix}/`, refuse }];
  });
}

/** Adds the fronts that are named, each once. */
export function addAdapters(
  scope: FastifyInstance,
  { control, clock, defaults, logins }: Omit<FrontContext, 'env' | 'nacosServices'>,
  { names, env, nacosServices }: AdapterSettings,
): void {
  for (const name of new Set(names)) {
    const { prefix, add, refuse, appOf, readsBy } = fronts[name];
    const calls = async (own: FastifyInstance): Promise<void> => {
      takeAnyBody(own);
      own.addHook('onRoute', (route) => {
        const requestedApp = (request: FastifyRequest) => ({ env, appid: appOf?.(request) });
        const isRead = route.config?.right === 'read';
        const isWhole = isRead && readsBy === undefined;
        const isWholeEnv = isRead && readsBy === 'env';
        route.config = { isWhole, isWholeEnv, ...route.config, isForeign: true, refuse, requestedApp };
      });
      add(own, { control, clock, defaults, env, logins, nacosServices });
    };
    scope.register(calls, { prefix });
  }
}

function takeAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  // Fastify refuses a type that is none, or empty, before it looks for a parser.
  scope.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream';
    done();
  });
  type Parsed = (error: null, body: Buffer | undefined) => void;
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request: FastifyRequest, octets: Buffer, done: Parsed) => {
    done(null, octets.length === 0 ? undefined : octets);
  });
}
