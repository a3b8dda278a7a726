// Replies as a Eureka server gives them: XML by default, JSON where Accept has it; faults as a plain sentence or as the
// short document of its error page. One table from what control refuses to statuses.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { forbiddenText } from '../../../model/submit.ts';
import { type Failure, failures } from '../../server/problem-details.ts';
import { type FailedOutcome, failedSentences, failedStatuses, problemsText } from '../failed-outcome.ts';
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

/** A call that was refused. */
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

export function sendFailed(request: FastifyRequest, reply: FastifyReply, outcome: FailedOutcome): FastifyReply {
  if (outcome.kind === 'unknown') return sendError(request, reply, 404);
  const sentence = outcome.kind === 'forbidden' ? forbiddenText(outcome) : failedSentences[outcome.kind];
  const text = problemsText(outcome) ?? sentence ?? outcome.kind;
  return sendSentence(reply, failedStatuses[outcome.kind], text);
}
