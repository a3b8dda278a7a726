// One selector of a name: `1.4.2._version` is the value `1.4.2` under the key `_version`. Here are an instance's values
// for each key, how a name's labels are read as selectors, and when an instance has a value or one that ends
// in it. Values are folded octets, one character each, as labels are; a dot inside a label makes it no value's label.
// `eu-1a._near` is none of these: it leaves no instance out, so that any zone's name may come before it, known or not, and
// it counts last at any position. Several are a list of preferences, the rightmost first.
// Limit: `selectorsMax` in a name.

import { isUtf8 } from 'node:buffer';
import { type Instance, limits } from '../../../model/instance.ts';
import { foldAscii, isPrintable } from '../../../model/text.ts';

export type SelectorKey = '_version' | '_zone' | '_group' | '_tag' | '_port';
/**
 * What is found as a selector's value is and has no key in the name: `service` is `_http._tcp`, `protocol` its second
 * half, and the last two are the port names of the addresses of one family.
 */
export type ValueKey = SelectorKey | 'service' | 'protocol' | 'ipv4Port' | 'ipv6Port';

export interface Selector<Key extends ValueKey = SelectorKey> {
  readonly key: Key;
  /** '' where the key is alone: no instance has it, and every value ends in it. */
  readonly value: string;
}

const nearKey = '_near';

/** Each selector of a name walks the instances that are left: forty in one name would hold up all other answers. */
const selectorsMax = 8;

const texts: Readonly<Record<ValueKey, (instance: Instance) => readonly string[]>> = {
  _version: (instance) => [instance.version],
  _zone: (instance) => [instance.zone],
  _group: (instance) => [instance.group],
  _tag: (instance) => instance.tags,
  _port: (instance) => instance.addrs.map((address) => address.portName),
  service: (instance) => instance.addrs.map((address) => `_${address.portName}._${address.protocol}`),
  protocol: (instance) => instance.addrs.map((address) => `_${address.protocol}`),
  ipv4Port: (instance) => instance.addrs.filter(({ family }) => family === 4).map(({ portName }) => portName),
  ipv6Port: (instance) => instance.addrs.filter(({ family }) => family === 6).map(({ portName }) => portName),
};

/** All values of an instance for a key, folded; empty texts are no values. */
export function valuesOf(instance: Instance, key: ValueKey): string[] {
  const values: string[] = [];
  for (const text of texts[key](instance)) if (text !== '') values.push(octetsOf(text));
  return values;
}

export function hasValue(instance: Instance, { key, value }: Selector): boolean {
  return value !== '' && texts[key](instance).some((text) => isText(text, value));
}

/** True where longer names, made of the instance's values, end in the value: `2._version` below `1.4.2._version`. */
export function hasValueBelow(instance: Instance, { key, value }: Selector): boolean {
  return texts[key](instance).some((text) => endsInText(text, value));
}

/** What the labels in front of an app's name select; from right to left, as a name is read. */
export interface ReadSelectors {
  readonly selectors: readonly Selector[];
  /** Zones to prefer; '' is the bare `_near`, which is leftmost and only above other names. */
  readonly near: readonly string[];
  /** The leftmost of them all is a preference. */
  readonly endsNear: boolean;
  /** What is left of them: a port and a protocol, or nothing that exists. */
  readonly rest: readonly string[];
}

/** The selectors that the labels end in. Undefined: no name has such selectors. */
export function readSelectors(labels: readonly string[]): ReadSelectors | undefined {
  const selectors: Selector[] = [];
  const near: string[] = [];
  let endsNear = false;
  let end = labels.length;
  while (end > 0) {
    const key = labels[end - 1] as string;
    if (key !== nearKey && !isSelectorKey(key)) break;
    if (selectors.length + near.length === selectorsMax) return undefined;
    let start = end - 1;
    while (start > 0 && !labels[start - 1]?.startsWith('_')) start--;
    const value = textOf(labels.slice(start, end - 1));
    // A key alone selects nothing, so nothing lies below it.
    if (value === undefined || (value === '' && start > 0)) return undefined;
    endsNear = key === nearKey;
    if (key !== nearKey) selectors.push({ key, value });
    else if (value === '' || isZone(value)) near.push(value);
    else return undefined;
    end = start;
  }
  return { selectors, near, endsNear, rest: labels.slice(0, end) };
}

/** The instances in this zone. */
export function isIn(zone: string, { instance }: { readonly instance: Instance }): boolean {
  return zone !== '' && isText(instance.zone, zone);
}

/** True for octets that an instance could have as its zone. */
function isZone(value: string): boolean {
  if (value.length > limits.textOctets) return false;
  const octets = Buffer.from(value, 'latin1');
  return isUtf8(octets) && isPrintable(octets.toString('utf8'));
}

/** Labels as the text that they spell; undefined where a dot inside one makes it no text's labels. */
export function textOf(labels: readonly string[]): string | undefined {
  return labels.some((label) => label.includes('.')) ? undefined : labels.join('.');
}

function isSelectorKey(label: string): label is SelectorKey {
  return label.startsWith('_') && Object.hasOwn(texts, label);
}

/** True where free text equals `value` (folded octets). Length decides nearly always, and costs nothing. */
function isText(text: string, value: string): boolean {
  // UTF-8 has at least an octet a character.
  return text.length <= value.length && octetsOf(text) === value;
}

function endsInText(text: string, value: string): boolean {
  return text !== '' && (value === '' || octetsOf(text).endsWith(`.${value}`));
}

const foldedOrLonger = /[A-Z\u0080-\uffff]/;
const longer = /[\u0080-\uffff]/;

/** Folded UTF-8, one character per octet: how a label holds text. Most text is that already. */
function octetsOf(text: string): string {
  if (!foldedOrLonger.test(text)) return text;
  return foldAscii(longer.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text);
}
