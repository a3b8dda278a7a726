// A service file: YAML with one instance, or a list of them, as the API would take them, each with its place (`env`,
// `appid`, `instance`) and at least one check, since entries of a file are not renewed. Every fault of it is reported
// at once, with line and column; a file with a fault is not taken at all.
// Limits: 1 MiB and 10 000 instances a file; aliases as far as the yaml package lets them unfold.

import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { parseRegistration, type Registration, type RegistrationDefaults } from '../../model/instance.ts';
import { type InstanceKey, parseInstanceKey } from '../../model/names.ts';
import { type Problem, problem } from '../../model/problem.ts';
import { readYaml } from '../../runtime/yaml-document.ts';

export interface Service {
  readonly key: InstanceKey;
  readonly registration: Registration;
  /** `4:3`: where it begins. */
  readonly at: string;
}

export const fileOctetsMax = 1024 * 1024;
const servicesMax = 10_000;
/** A wrong file is wrong in one way many times over: the first ones are enough. */
const faultsMax = 20;
const nothing = 'there is nothing in it: write [] for a file that names no instance any more';
const severalDocuments = 'a second document: a file holds one; write several instances as a list, each after "- "';

export type ServiceFile =
  | { readonly services: readonly Service[] }
  /** `7:5: checks[0].path must begin with /, received x` */
  | { readonly faults: readonly string[] };

export function parseServiceFile(text: string, defaults: RegistrationDefaults): ServiceFile {
  const { document, faults: syntax, position } = readYaml(text, severalDocuments);
  const at = (offset: number): string => {
    const { line, col } = position(offset);
    return `${line}:${col}`;
  };
  if (syntax.length > 0)
    return { faults: syntax.slice(0, faultsMax).map(({ offset, message }) => `${at(offset)}: ${message}`) };
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return { faults: [`1:1: ${nothing}`] };
  const nodes: readonly unknown[] = isSeq(contents) ? contents.items : [contents];
  if (nodes.length > servicesMax)
    return { faults: [`1:1: there are ${nodes.length} instances, at most ${servicesMax} are read from one file`] };
  const services: Service[] = [];
  const faults: string[] = [];
  for (const node of nodes) {
    const start = (node as Node | null)?.range?.[0] ?? 0;
    let value: unknown;
    try {
      value = isMap(node) ? node.toJS(document) : node;
    } catch (error) {
      faults.push(`${at(start)}: ${(error as Error).message}`);
      continue;
    }
    if (!isMap(node))
      faults.push(`${at(start)}: an instance must be a mapping with env, appid, instance, addrs, checks`);
    else {
      const read = serviceOf(value as Record<string, unknown>, defaults);
      if (Array.isArray(read)) faults.push(...read.map((one) => `${at(offsetOf(node, one.field))}: ${sentence(one)}`));
      else services.push({ ...read, at: at(start) });
    }
    if (faults.length >= faultsMax) break;
  }
  return faults.length > 0 ? { faults: faults.slice(0, faultsMax) } : { services };
}

const placeFields = ['env', 'appid', 'instance'] as const;

function serviceOf(value: Record<string, unknown>, defaults: RegistrationDefaults): Omit<Service, 'at'> | Problem[] {
  const { env, appid, instance, ...fields } = value;
  const texts = { env, appid, instance };
  const problems = placeFields
    .filter((name) => typeof texts[name] !== 'string')
    .map((name) => problem(name, 'must be text', texts[name] ?? 'nothing'));
  const key = problems.length > 0 ? problems : parseInstanceKey(env as string, appid as string, instance as string);
  const registration = parseRegistration(fields, defaults);
  const all = [...(Array.isArray(key) ? key : []), ...(Array.isArray(registration) ? registration : [])];
  if (!Array.isArray(registration) && registration.checks.length === 0) {
    all.push(problem('checks', 'must be a list of 1-8 checks: entries of a file are not renewed'));
  }
  if (all.length > 0 || Array.isArray(key) || Array.isArray(registration)) return all;
  return { key, registration };
}

function sentence({ field, message, value }: Problem): string {
  return `${field} ${message}${value === undefined ? '' : `, received ${value}`}`;
}

/** The offset of a field such as `checks[0].path`, or of as much of it as there is. */
function offsetOf(map: Node, field: string): number {
  let node: unknown = map;
  let offset = map.range?.[0] ?? 0;
  for (const part of field.split(/[.[\]]+/).filter((text) => text !== '')) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === part);
      if (pair === undefined) break;
      node = pair.value;
      offset = (pair.value as Node | null)?.range?.[0] ?? (pair.key as Node).range?.[0] ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
