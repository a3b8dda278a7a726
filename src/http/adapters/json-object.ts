// The body of a front's call as a JSON object, whatever content type it came with.

import { isUtf8 } from 'node:buffer';
import { isObject } from '../../model/instance.ts';
import { findJsonFault } from '../server/json-scan.ts';

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
