// A front: the API of another registry, spoken over the same use cases. It decodes the calls of its clients, hands them
// to control and encodes the outcomes in their form; nothing is decided in it. Each front has a prefix of its own and
// takes bodies of any content type there, since clients of other registries label them as they like.

import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Control } from '../../control/control.ts';
import type { AdapterName } from '../../model/adapters.ts';
import type { FrontName } from '../../model/change.ts';
import type { RegistrationDefaults } from '../../model/instance.ts';
import { isObject } from '../../model/instance.ts';
import type { Problem } from '../../model/problem.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CredentialExtractor, RefuseCall } from '../auth/auth.ts';
import type { Logins } from '../auth/logins.ts';
import { findJsonFault } from '../server/json-scan.ts';
import type { CreatedServices } from './nacos/created-services.ts';

export interface FrontContext {
  readonly control: Control;
  readonly clock: Clock;
  readonly defaults: RegistrationDefaults;
  /** The env of all that comes in through a front that has no word for one. */
  readonly env: string;
  /** For clients that log in, and show a token from then on. */
  readonly logins: Logins;
  /** Those that Nacos's gRPC has too. */
  readonly nacosServices?: CreatedServices | undefined;
}

export interface Front {
  /** In the record of changes. */
  readonly name: FrontName;
  /** Begins with a slash; its calls are below it. */
  readonly prefix: string;
  /** Where its clients do not send bearer tokens. */
  readonly credentials?: Omit<CredentialExtractor, 'prefix'>;
  /** Answers a refusal (401, 403, 429) as its clients know it; a problem document otherwise. */
  readonly refuse?: RefuseCall;
  /** The app that a path names, in the env of the front; a problem: it names none. Its right is judged before the call is read. */
  readonly appOf?: (request: FastifyRequest) => string | Problem;
  /**
   * `app`: its reads show what `principal.scope('read')` covers. `env`: they need `read` for all apps of the front's env.
   * Otherwise they need it everywhere.
   */
  readonly readsBy?: 'app' | 'env';
  /** Adds the calls to a scope that has the prefix. A body arrives as a Buffer, or as undefined where there is none. */
  add(scope: FastifyInstance, context: FrontContext): void;
}

export interface AdapterSettings {
  readonly names: readonly AdapterName[];
  readonly env: string;
  /** Those that Nacos's gRPC has too. */
  readonly nacosServices?: CreatedServices | undefined;
}

/** Deeper than any body of another registry's API. */
const depthMax = 32;

/** The object, or what is wrong with the body. */
export function jsonObjectOf(
  body: unknown,
): { readonly object: Readonly<Record<string, unknown>> } | { readonly fault: string } {
  if (!Buffer.isBuffer(body)) return { fault: 'the body is empty' };
  if (!isUtf8(body)) return { fault: 'the body is not UTF-8 text' };
  const text = body.toString('utf8');
  const found = findJsonFault(text, depthMax);
  if (found !== undefined) return { fault: `the body is not JSON: ${found.reason}` };
  const value: unknown = JSON.parse(text);
  return isObject(value) ? { object: value } : { fault: 'the body is not a JSON object' };
}
