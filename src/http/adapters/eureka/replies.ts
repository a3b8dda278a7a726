// Replies as a Eureka server gives them: XML by default, JSON where Accept has it; faults as a plain sentence or as the
// short document of its error page. One table from what control refuses to statuses.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../../model/problem.ts';
import { forbiddenText, type Refused } from '../../../model/submit.ts';
import { type Failure, failures } from '../../server/problem-details.ts';
import { problemText } from '../problem-text.ts';
import type { Form } from './applications.ts';
import { xmlText } from './xml-writer.ts';

export const contentTypes: Readonly<Record<Form, string>> = { json: 'application/json', xml: 'application/xml' };

const titles = { 404: 'Not Found', 500: 'Internal Server Error' } as const;

export function formOf({ headers: { accept = '' } }: Pick<FastifyRequest, 'headers'>): Form {
  return accept.includes('json') ? 'json' : 'xml';
}

export function sendForm(reply: FastifyReply, form: Form, text: string): FastifyReply {
  return reply.header('content-type', contentTypes[form]).header('cache-control', 'no-store').send(text);
}

export function sendEmpty(reply: FastifyReply, status: 200 | 204): FastifyReply {
  return reply.code(status).send();
}

/** `text` instead of the document of the original, for people. */
export function sendSentence(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).header('content-type', contentTypes.xml).send(text);
}

/** A call that was not let in. */
export function sendRefused(_request: FastifyRequest, reply: FastifyReply, { kind, detail, headers }: Failure): void {
  if (headers !== undefined) reply.headers(headers);
  sendSentence(reply, failures[kind].status, detail);
}

export function sendError(request: FastifyRequest, reply: FastifyReply, status: 404 | 500): FastifyReply {
  const path = request.url.split('?', 1)[0] as string;
  const document = { timestamp: new Date().toISOString().replace('Z', '+00:00'), status, error: titles[status], path };
  const isXml = request.headers.accept?.includes('xml') === true;
  const text = isXml ? xmlText('Map', document) : JSON.stringify(document);
  return reply
    .code(status)
    .header('content-type', contentTypes[isXml ? 'xml' : 'json'])
    .send(text);
}

type Failed =
  | Refused
  | { readonly kind: 'unknown' | 'precondition-failed' }
  | {
      readonly kind: 'invalid' | 'conflict' | 'full' | 'not-yours';
      readonly problem?: Problem;
      readonly problems?: readonly Problem[];
    };

const statuses: Readonly<Record<Failed['kind'], number>> = {
  invalid: 400,
  conflict: 400,
  'precondition-failed': 400,
  forbidden: 403,
  quota: 429,
  'not-yours': 403,
  unknown: 404,
  full: 507,
  'not-ready': 503,
  'store-failing': 503,
  'no-quorum': 503,
  'not-durable': 503,
};

const sentences: Readonly<Partial<Record<Failed['kind'], string>>> = {
  quota: 'The credentials allow no further instances',
  'not-ready': 'The registry is not back from its start yet',
  'store-failing': 'The disk cannot be written, and nothing was changed',
  'no-quorum': 'The cluster cannot confirm it at present',
  'not-durable': 'It took effect and is not on the disk',
};

export function isFailed<O extends { readonly kind: string }>(outcome: O): outcome is Extract<O, Failed> {
  return Object.hasOwn(statuses, outcome.kind);
}

export function sendFailed(request: FastifyRequest, reply: FastifyReply, outcome: Failed): FastifyReply {
  if (outcome.kind === 'unknown') return sendError(request, reply, 404);
  const one = 'problem' in outcome && outcome.problem !== undefined ? [outcome.problem] : [];
  const problems = 'problems' in outcome && outcome.problems !== undefined ? outcome.problems : one;
  const sentence = outcome.kind === 'forbidden' ? forbiddenText(outcome) : sentences[outcome.kind];
  const text = problems.length > 0 ? problemText(problems) : (sentence ?? outcome.kind);
  return sendSentence(reply, statuses[outcome.kind], text);
}
