// A front: the API of another registry, spoken over the same use cases. It decodes the calls of its clients, hands them
// to control and encodes the outcomes in their form; nothing is decided in it. Each front has a prefix of its own and
// takes bodies of any content type there, since clients of other registries label them as they like.

import type { FastifyInstance } from 'fastify';
import type { Control } from '../../control/control.ts';
import type { AdapterName } from '../../model/adapters.ts';
import type { Front as FrontName } from '../../model/change.ts';
import type { RegistrationDefaults } from '../../model/instance.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CredentialExtractor } from '../server/auth.ts';

export interface FrontContext {
  readonly control: Control;
  readonly clock: Clock;
  readonly defaults: RegistrationDefaults;
  /** The env of all that comes in through a front that has no word for one. */
  readonly env: string;
}

export interface Front {
  /** In the record of changes. */
  readonly name: FrontName;
  /** Begins with a slash; its calls are below it. */
  readonly prefix: string;
  /** Where its clients do not send bearer tokens. */
  readonly credentials?: Omit<CredentialExtractor, 'prefix'>;
  /** Adds the calls to a scope that has the prefix. A body arrives as a Buffer, or as undefined where there is none. */
  add(scope: FastifyInstance, context: FrontContext): void;
}

export interface AdapterSettings {
  readonly names: readonly AdapterName[];
  readonly env: string;
}
