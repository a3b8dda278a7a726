// Domain names as octets. A `Name` is the wire form (RFC 1035 §3.1: length octet, label, …, zero octet) held in a
// string with one character per octet. Why a string: it is a map key, its parent is a slice, and since the length
// octets stay, a dot inside a label can never be taken for a separator. Length octets are at most 63 and so never
// collide with A-Z (65..90): folding the whole string folds exactly the labels.
// Limits: 63 octets a label, 255 octets a name (RFC 1035 §2.3.4).

import { foldAscii } from '../../model/text.ts';

declare const nameBrand: unique symbol;
/** Uncompressed wire form, one character per octet. Keys and comparisons use the folded (lower-case) one. */
export type Name = string & { readonly [nameBrand]: true };

export const labelOctetsMax = 63;
export const nameOctetsMax = 255;

export const ROOT = '\0' as Name;

/** Lower-cases A-Z alone (RFC 4343 §3): octets above 0x7f are left as they are. */
export function fold(name: Name): Name {
  return foldAscii(name) as Name;
}

/** The name without its leftmost label. Precondition: not the root. */
export function parentOf(name: Name): Name {
  return name.slice(name.charCodeAt(0) + 1) as Name;
}

/** True for `name` equal to or below `ancestor`; both folded. */
export function isWithin(name: Name, ancestor: Name): boolean {
  const octets = ancestor.length;
  let at = 0;
  while (name.length - at > octets) at += 1 + name.charCodeAt(at);
  return name.length - at === octets && name.endsWith(ancestor);
}

/** Labels from left to right, one character per octet, without the root's empty one. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let at = 0; name.charCodeAt(at) > 0; ) {
    const end = at + 1 + name.charCodeAt(at);
    labels.push(name.slice(at + 1, end));
    at = end;
  }
  return labels;
}

/** `label` put in front of `parent`, or undefined where that breaks a limit. `label`: one character per octet. */
export function childOf(label: string, parent: Name): Name | undefined {
  if (label.length === 0 || label.length > labelOctetsMax) return undefined;
  if (label.length + 1 + parent.length > nameOctetsMax) return undefined;
  return (String.fromCharCode(label.length) + label + parent) as Name;
}

/** Labels from left to right put in front of `parent`, or undefined where that breaks a limit. */
export function nameOf(labels: readonly string[], parent: Name): Name | undefined {
  let name: Name | undefined = parent;
  for (let i = labels.length - 1; i >= 0 && name !== undefined; i--) name = childOf(labels[i] as string, name);
  return name;
}

/** `name` with its suffix `from` replaced by `to` (RFC 6672 §2.2), or undefined where the result is too long. */
export function withSuffix(name: Name, from: Name, to: Name): Name | undefined {
  const replaced = name.slice(0, name.length - from.length) + to;
  return replaced.length > nameOctetsMax ? undefined : (replaced as Name);
}

/** What is wrong with a name in master-file text; `at` is the offset of the offending character. */
export type NameFault = { readonly fault: string; readonly at: number };

/**
 * Reads a name in master-file form (RFC 1035 §5.1): `\DDD` and `\X` escapes, `@` is `origin`, a name without a
 * final dot is completed with `origin`. The text is one character per octet (UTF-8 callers encode first).
 * Case is kept.
 */
export function parseName(text: string, origin: Name): Name | NameFault {
  if (text === '@') return origin;
  if (text === '.') return ROOT;
  if (text === '') return { fault: 'name is empty', at: 0 };
  let wire = '';
  let label = '';
  let at = 0;
  let absolute = false;
  while (at < text.length) {
    const start = at;
    const character = text[at++] as string;
    absolute = false;
    if (character === '.') {
      if (label === '') return { fault: 'empty label', at: start };
      wire += String.fromCharCode(label.length) + label;
      label = '';
      absolute = true;
      continue;
    }
    if (character !== '\\') {
      label += character;
    } else {
      const escaped = unescapeAt(text, start);
      if (escaped === undefined) return { fault: 'escape is not \\DDD with 000-255 or \\X', at: start };
      label += escaped.octet;
      at = escaped.next;
    }
    if (label.length > labelOctetsMax) return { fault: `label is over ${labelOctetsMax} octets`, at: start };
  }
  if (label !== '') wire += String.fromCharCode(label.length) + label;
  const name = wire + (absolute ? ROOT : origin);
  if (name.length > nameOctetsMax) return { fault: `name is over ${nameOctetsMax} octets: ${name.length}`, at: 0 };
  return name as Name;
}

/** Decodes the escape that begins at `at` (a backslash): its octet and the offset after it. */
export function unescapeAt(text: string, at: number): { octet: string; next: number } | undefined {
  const first = text.charCodeAt(at + 1);
  if (Number.isNaN(first)) return undefined;
  if (first < 0x30 || first > 0x39) return { octet: text[at + 1] as string, next: at + 2 };
  const digits = text.slice(at + 1, at + 4);
  if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) return undefined;
  return { octet: String.fromCharCode(Number(digits)), next: at + 4 };
}

/** Reads an absolute name from text; for names known to be good (constants, configuration already checked). */
export function name(text: string): Name {
  const parsed = parseName(text, ROOT);
  if (typeof parsed !== 'string') throw new Error(`Not a domain name: ${text}: ${parsed.fault}`);
  return parsed;
}

/** Master-file form with a final dot; every octet that is not a plain character is escaped. */
export function nameToText(name: Name): string {
  if (name === ROOT) return '.';
  let text = '';
  for (let at = 0, length = name.charCodeAt(0); length > 0; at += 1 + length, length = name.charCodeAt(at))
    text += `${name.slice(at + 1, at + 1 + length)}.`;
  // A dot within a label may be one of its length.
  if (!name.includes('.') && plainText.test(text)) return text;
  return labelsOf(name)
    .map((label) => `${labelToText(label)}.`)
    .join('');
}

/** Nothing in it has to be escaped. */
const plainText = /^[A-Za-z0-9_*/:~.-]*$/;

function labelToText(label: string): string {
  return label.replace(/[^A-Za-z0-9_*/:~-]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
}
