// Entity tags and the preconditions made with them (RFC 9110 §8.8.3 and §13.1). A tag follows the registry's revision:
// it moves when data changes. A renewal changes no data, so the times in a document may be newer than its tag says.

import type { FastifyReply, FastifyRequest } from 'fastify';

/** The tag of one instance. */
export function instanceTag(revision: number): string {
  return `"${revision}"`;
}

/** `If-None-Match` holds for the reader: what he has is what there is. Weak comparison. */
export function isNotModified(request: FastifyRequest, tag: string): boolean {
  const header = request.headers['if-none-match'];
  return header !== undefined && listed(header).some((own) => own === '*' || opaque(own) === opaque(tag));
}

/** `If-Match` is absent or names `tag`; undefined stands for what does not exist. Strong comparison. */
export function isMatch(request: FastifyRequest, tag: string | undefined): boolean {
  const header = request.headers['if-match'];
  if (header === undefined) return true;
  return tag !== undefined && listed(header).some((own) => own === '*' || own === tag);
}

/** 304, with the tag. */
export function sendNotModified(reply: FastifyReply, tag: string): FastifyReply {
  return reply.code(304).header('etag', tag).send();
}

/** Our tags hold no commas, so a list may be split at them. */
function listed(header: string): string[] {
  return header.split(',').map((tag) => tag.trim());
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
