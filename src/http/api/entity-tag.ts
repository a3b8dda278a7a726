// Entity tags and the preconditions made with them (RFC 9110 §8.8.3 and §13.1). A tag is a revision of the registry with
// the identity of its life (`"LIFE-N"`): it moves when data changes. A renewal changes no data, so the times in a document
// may be newer than its tag. A tag without a life (`"N"`) means this life; a tag that cannot be read matches nothing.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Precondition, Tag } from '../../model/command.ts';
import type { Life } from '../../model/life.ts';

/** Of what has this revision: an instance, or the catalogue. */
export function revisionTag(life: Life, revision: number): string {
  return `"${life.textOf(revision)}"`;
}

/** `If-Match` by strong comparison, `If-None-Match` by weak comparison; undefined where neither is sent. */
export function preconditionOf({ headers }: FastifyRequest, life: Life): Precondition | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return undefined;
  return {
    ...(match === undefined ? {} : { ifMatch: tagsOf(match, life, 'strong') }),
    ...(noneMatch === undefined ? {} : { ifNoneMatch: tagsOf(noneMatch, life, 'weak') }),
  };
}

/** `If-None-Match` names this revision: what the reader has is what there is. */
export function isRevisionKnown(request: FastifyRequest, life: Life, revision: number): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  const tags = tagsOf(header, life, 'weak');
  return tags === '*' || tags.includes(revision);
}

/** The same for a tag of any other form. Weak comparison. */
export function isTagKnown(request: FastifyRequest, tag: string): boolean {
  const header = request.headers['if-none-match'];
  return header !== undefined && listed(header).some((own) => own === '*' || opaque(own) === opaque(tag));
}

/** 304, with the tag. */
export function sendNotModified(reply: FastifyReply, tag: string): FastifyReply {
  return reply.code(304).header('etag', tag).send();
}

function tagsOf(header: string, life: Life, comparison: 'strong' | 'weak'): readonly Tag[] | '*' {
  const tags = listed(header);
  if (tags.includes('*')) return '*';
  return tags.flatMap((tag) => {
    const text = /^"([^"]*)"$/.exec(comparison === 'weak' ? opaque(tag) : tag)?.[1];
    const revision = text === undefined ? undefined : life.revisionOf(text);
    return typeof revision === 'number' ? [revision] : [];
  });
}

/** Our tags hold no commas, so a list may be split at them. */
function listed(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
