// Names of apps and instances. An app is `(appid, env)`; both become DNS labels, so both are checked as such when
// they arrive: what DNS cannot carry is refused with the label and the reason (design §3). Keys are never joined by
// a character that a part may contain: an appid holds only letters, digits, hyphens and dots, an env no dot.

import { textHash } from '../runtime/text-hash.ts';
import { type Problem, problem } from './problem.ts';
import { foldAscii, isPrintable, utf8Length } from './text.ts';

export const labelOctetsMax = 63;
/** RFC 1035 §2.3.4, on the wire; in text two less. */
export const nameOctetsMax = 255;
export const instanceOctetsMax = 253;

/** An app: one object for all of its instances. */
export interface AppKey {
  readonly env: string;
  readonly appid: string;
}

/** An instance's place: canonical `env` and `appid`, and the instance's own words for itself. */
export interface InstanceKey {
  readonly env: string;
  readonly appid: string;
  readonly instance: string;
}

/** Nearly all; the fault of others is worked out. */
const usualLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Why a label is not one of letters, digits and inner hyphens (RFC 1123 §2.1); undefined where it is. */
export function labelFault(label: string): string | undefined {
  if (usualLabel.test(label)) return undefined;
  if (label === '') return 'has an empty label';
  if (label.length > labelOctetsMax)
    return `has a label of ${label.length} characters, at most ${labelOctetsMax} are allowed`;
  if (!/^[\x21-\x7e]+$/.test(label)) {
    return 'has a label with characters outside ASCII or white space; write international names in their xn-- form';
  }
  if (label.startsWith('_')) return `has the label ${label}: a leading underscore is reserved for selectors`;
  const illegal = /[^A-Za-z0-9-]/.exec(label);
  if (illegal !== null)
    return `has the label ${label} with "${illegal[0]}": only letters, digits and hyphens are allowed`;
  if (label.startsWith('-') || label.endsWith('-')) return `has the label ${label}: a hyphen must be inside`;
  return undefined;
}

/** The canonical env, or what is wrong with it. */
export function parseEnv(text: string): string | Problem {
  if (text.includes('.')) return problem('env', 'must be one DNS label, without dots', text);
  const fault = labelFault(text);
  return fault === undefined ? foldAscii(text) : problem('env', fault, text);
}

/** The canonical appid, or what is wrong with it. */
export function parseAppid(text: string): string | Problem {
  if (text.length > nameOctetsMax)
    return problem('appid', `is longer than a DNS name: ${text.length} characters`, text);
  for (const label of text.split('.')) {
    const fault = labelFault(label);
    if (fault !== undefined) return problem('appid', fault, text);
  }
  return foldAscii(text);
}

/** A name that another registry was given, as an appid; it may still be none. */
export function foldedAppName(given: string): string {
  const labels = foldAscii(given)
    .replace(/[^a-z0-9.-]/gu, '-')
    .split('.');
  return labels.map((label) => label.replace(/^-+|-+$/g, '')).join('.');
}

/** Checks an instance id. Its case is kept; two ids that differ only in case are one instance (see `instanceKey`). */
export function parseInstanceId(text: string): string | Problem {
  if (text === '') return problem('instance', 'must not be empty');
  if (utf8Length(text) > instanceOctetsMax)
    return problem('instance', `must be at most ${instanceOctetsMax} bytes`, text);
  if (!isPrintable(text)) return problem('instance', 'must be printable text', text);
  return text;
}

/** The map key of an instance id. */
export function instanceKey(id: string): string {
  return foldAscii(id);
}

/** Parses the three parts of an instance's place; all problems at once. */
export function parseInstanceKey(env: string, appid: string, instance: string): InstanceKey | Problem[] {
  const parts = [parseEnv(env), parseAppid(appid), parseInstanceId(instance)] as const;
  const problems = parts.filter((part): part is Problem => typeof part !== 'string');
  if (problems.length > 0) return problems;
  return { env: parts[0] as string, appid: parts[1] as string, instance: parts[2] as string };
}

/**
 * The DNS label of an instance: its id in lower case, every run of other characters a hyphen, at most 63 octets. Where
 * `isTaken` finds the label in use, a short hash of the id is appended, so the answer depends only on the id
 * and on what is taken.
 */
export function instanceLabel(id: string, isTaken: (label: string) => boolean): string {
  const plain = foldAscii(id)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, labelOctetsMax)
    .replace(/^-+|-+$/g, '');
  if (plain !== '' && !isTaken(plain)) return plain;
  for (let salt = 0; ; salt++) {
    const hash = shortHash(`${salt}:${id}`);
    const stem = plain.slice(0, labelOctetsMax - hash.length - 1).replace(/-+$/, '');
    const label = stem === '' ? hash : `${stem}-${hash}`;
    if (!isTaken(label)) return label;
  }
}

/** Seven characters at most: only to distinguish two labels. */
function shortHash(text: string): string {
  return (textHash(text) >>> 0).toString(36);
}
