// What the calls of the API are given. They decode a request, hand it to control and encode what comes of it; nothing
// else of the server is within their reach.

import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Control } from '../../control/control.ts';
import type { HiddenName } from '../../model/dns-names.ts';
import type { Explained } from '../../model/explanation.ts';
import type { Instance, RegistrationDefaults } from '../../model/instance.ts';
import type { Life } from '../../model/life.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import type { Right } from '../../model/principal.ts';
import type { ZoneFileStatus } from '../../model/zone-files.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { OpenCalls } from '../auth/open-calls.ts';
import { invalidRequest, sendProblem } from '../server/problem-details.ts';
import type { Watchers } from '../watch/watchers.ts';

export interface ApiContext {
  readonly control: Control;
  readonly watchers: Watchers;
  readonly clock: Clock;
  /** With a final dot: `svc.` */
  readonly origin: string;
  readonly defaults: RegistrationDefaults;
  /** The names of an instance at which a zone file answers in its place. */
  readonly hiddenNames: (instance: Instance) => readonly HiddenName[];
  /** The files of the zones, as they are now. */
  readonly zoneFiles: () => readonly ZoneFileStatus[];
  readonly life: Life;
  /** Callers have to show a token. */
  readonly hasTokens: boolean;
  /** Where clients reach this server, without a final slash; empty: where they have asked. */
  readonly publicUrl: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** 1000 renewals with long names do not fit the default body limit. */
  readonly renewManyBytes: number;
  /** Bounds what a stream may hold that its client does not read. */
  readonly follow: (response: ServerResponse, client: string) => void;
  /** Ends what waits in the name of a principal that is over. */
  readonly openCalls: Pick<OpenCalls, 'add'>;
  /** Answers 403, or 401 where the caller could still show who it is: `where` lacks the right. */
  readonly forbid: (request: FastifyRequest, reply: FastifyReply, right: Right, where: string) => FastifyReply;
  /** Must not reject, whatever printable text comes as name and type. Undefined: no DNS thread is running. */
  readonly resolve: (name: string, type: string) => Promise<Explained | undefined>;
}

export interface InstanceParams {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
}

/** The instance that the path names; undefined where it was refused with a 400. */
export function instanceKeyOf(params: InstanceParams, verb: string, reply: FastifyReply): InstanceKey | undefined {
  const key = parseInstanceKey(params.env, params.appid, params.instance);
  if (!Array.isArray(key)) return key;
  sendProblem(reply, invalidRequest(`Cannot ${verb} an instance`, key));
  return undefined;
}
