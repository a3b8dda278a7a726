// Request bodies: JSON in UTF-8, or nothing at all. A body that cannot be read becomes an `UnreadableBody` value, which
// the call answers as a problem; parsing throws nothing. The wrong media type is only a fault of a body that is there:
// clients send `content-type` with empty DELETEs and renewals, and mean no harm.
// Limits: the octets are counted by fastify's `bodyLimit` before anything here runs; the depth here.

import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { printable } from '../../model/problem.ts';
import { findJsonFault, positionOf } from './json-scan.ts';
import { type Failure, sendProblem } from './problem-details.ts';

/** What is in `request.body` in place of a body that could not be read. */
export class UnreadableBody {
  readonly failure: Failure;

  constructor(failure: Failure) {
    this.failure = failure;
  }
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A quicker way to read the bodies that a call commonly gets; undefined leaves one to the general way. */
    readonly readCommon?: (text: string) => object | undefined;
  }
}

const mergePatchType = 'application/merge-patch+json';

/** Replaces fastify's own parsers. */
export function acceptJsonBodies(app: FastifyInstance, depthMax: number): void {
  app.removeAllContentTypeParsers();
  type Parsed = (error: null, body: unknown) => void;
  const options = { parseAs: 'buffer' } as const;
  app.addContentTypeParser('application/json', options, (request: FastifyRequest, octets: Buffer, done: Parsed) => {
    done(null, readJson(request, octets, depthMax));
  });
  app.addContentTypeParser(mergePatchType, options, (request: FastifyRequest, octets: Buffer, done: Parsed) => {
    done(null, request.method === 'PATCH' ? readJson(request, octets, depthMax) : refuseUnlessEmpty(request, octets));
  });
  app.addContentTypeParser('*', options, (request: FastifyRequest, octets: Buffer, done: Parsed) => {
    done(null, refuseUnlessEmpty(request, octets));
  });
}

/** A `preHandler` for calls that take a body. */
export function refuseUnreadableBody(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  if (request.body instanceof UnreadableBody) sendProblem(reply, request.body.failure);
  else done();
}

function readJson(request: FastifyRequest, octets: Buffer, depthMax: number): unknown {
  if (octets.length === 0) return undefined;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return unsupported(`the content encoding ${printable(encoding)} is not known; send the body as it is`);
  }
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    return unsupported(`JSON is written in UTF-8, received charset ${printable(charset)}`);
  }
  if (!isUtf8(octets)) return new UnreadableBody({ kind: 'invalid-json', detail: 'The body is not UTF-8 text.' });
  const text = octets.toString('utf8');
  const common = request.routeOptions.config.readCommon?.(text);
  if (common !== undefined) return common;
  const fault = findJsonFault(text, depthMax);
  if (fault === undefined) return JSON.parse(text) as unknown;
  const place = positionOf(text, fault.offset);
  const detail = `Cannot read the body as JSON: ${fault.reason}, at ${place}.`;
  const errors = [{ field: '', pointer: '#', message: `${fault.reason}, at ${place}` }];
  return new UnreadableBody({ kind: 'invalid-json', detail, errors, members: { offset: fault.offset } });
}

function refuseUnlessEmpty(request: FastifyRequest, octets: Buffer): UnreadableBody | undefined {
  if (octets.length === 0) return undefined;
  const type = request.headers['content-type'];
  const wanted = request.method === 'PATCH' ? `application/json or ${mergePatchType}` : 'application/json';
  const received = type === undefined ? 'no content type' : printable(type);
  return unsupported(
    `the body has to be ${wanted}, received ${received}; curl takes -H 'content-type: application/json'`,
  );
}

function unsupported(reason: string): UnreadableBody {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
  return new UnreadableBody({ kind: 'unsupported-media-type', detail: `Cannot read the body: ${reason}.`, headers });
}
