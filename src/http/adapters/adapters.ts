// The table of fronts, and how those that are switched on get their scope: a prefix, and a parser that takes bodies of
// any content type as they are. What a front does not catch becomes a problem document, as below /api/v1.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdapterName } from '../../model/adapters.ts';
import type { CredentialExtractor } from '../server/auth.ts';
import { consul } from './consul/consul.ts';
import { discovery } from './discovery/discovery.ts';
import { eureka } from './eureka/eureka.ts';
import type { AdapterSettings, Front, FrontContext } from './front.ts';
import { tutorial } from './tutorial.ts';

const fronts: Readonly<Record<AdapterName, Front>> = { consul, discovery, eureka, tutorial };

/** How the clients of the named fronts show their secrets. */
export function extractorsOf(settings: AdapterSettings | undefined): readonly CredentialExtractor[] {
  return (settings?.names ?? []).flatMap((name) => {
    const { prefix, credentials } = fronts[name];
    return credentials === undefined ? [] : [{ ...credentials, prefix: `${prefix}/` }];
  });
}

/** Adds the fronts that are named, each once. */
export function addAdapters(
  scope: FastifyInstance,
  { control, clock, defaults }: Omit<FrontContext, 'env'>,
  { names, env }: AdapterSettings,
): void {
  for (const name of new Set(names)) {
    const { prefix, add } = fronts[name];
    const calls = async (own: FastifyInstance): Promise<void> => {
      takeAnyBody(own);
      own.addHook('onRoute', (route) => {
        route.config = { ...route.config, isForeign: true };
      });
      add(own, { control, clock, defaults, env });
    };
    scope.register(calls, { prefix });
  }
}

function takeAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  type Parsed = (error: null, body: Buffer | undefined) => void;
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request: FastifyRequest, octets: Buffer, done: Parsed) => {
    done(null, octets.length === 0 ? undefined : octets);
  });
}
