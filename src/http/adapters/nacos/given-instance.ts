// An instance as a client of Nacos gives it: parameters of HTTP, the JSON of a beat, or the JSON of gRPC. Faults are the
// sentences of the original where it has one.

import { isObject } from '../../../model/instance.ts';
import { findJsonFault } from '../../server/json-scan.ts';
import type { Parameters } from '../parameters.ts';
import { clusterOf } from './service-name.ts';

/** What is undefined was not sent. */
export interface GivenInstance {
  readonly ip: string;
  readonly port: number;
  readonly cluster: string | undefined;
  readonly weight: number | undefined;
  readonly isEnabled: boolean | undefined;
  readonly isHealthy: boolean | undefined;
  readonly isEphemeral: boolean | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/** `text`: the name of what is missing, the sentence of what is illegal, or the metadata that is neither JSON nor `k=v`. */
export interface GivenFault {
  readonly fault: 'missing' | 'illegal' | 'metadata';
  readonly text: string;
}

const portSentence = "Param 'port' is illegal, the value should be between 0 and 65535.";
const portZeroSentence = "Param 'port' is illegal, no program can be reached at port 0.";
const weightMax = 10_000;
const weightSentence = `instance format invalid: The weights range from 0.0 to ${weightMax}.0`;
const metadataDepthMax = 8;

type Fields = Readonly<Record<string, unknown>>;

/** Of the parameters of a call. */
export function instanceOfParameters(given: Parameters): GivenInstance | GivenFault {
  const text = given.get('metadata');
  const metadata = text === undefined || text === '' ? undefined : metadataOfText(text);
  if (metadata === 'malformed') return { fault: 'metadata', text: text ?? '' };
  return instanceIn(
    {
      ip: given.get('ip'),
      port: given.get('port'),
      clusterName: given.get('clusterName') ?? given.get('cluster'),
      weight: given.get('weight'),
      enabled: given.get('enabled') ?? given.get('enable'),
      healthy: given.get('healthy'),
      ephemeral: given.get('ephemeral'),
    },
    metadata,
  );
}

/** Of JSON: an instance of gRPC, or a beat, whose cluster has another name. */
export function instanceOfJson(fields: Fields): GivenInstance | GivenFault {
  const given = fields['metadata'];
  const metadata = isObject(given) ? textsIn(given) : undefined;
  return instanceIn({ ...fields, clusterName: fields['clusterName'] ?? fields['cluster'] }, metadata);
}

function instanceIn(fields: Fields, metadata: GivenInstance['metadata']): GivenInstance | GivenFault {
  const ip = fields['ip'];
  if (typeof ip !== 'string' || ip === '') return { fault: 'missing', text: 'ip' };
  const port = numberIn(fields['port']);
  if (port === undefined && (fields['port'] === undefined || fields['port'] === ''))
    return { fault: 'missing', text: 'port' };
  if (port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535)
    return { fault: 'illegal', text: portSentence };
  if (port === 0) return { fault: 'illegal', text: portZeroSentence };
  const weight = numberIn(fields['weight']);
  const isGiven = fields['weight'] !== undefined && fields['weight'] !== null && fields['weight'] !== '';
  if (isGiven && (weight === undefined || weight < 0 || weight > weightMax))
    return { fault: 'illegal', text: weightSentence };
  const cluster = fields['clusterName'];
  return {
    ip,
    port,
    cluster: clusterOf(typeof cluster === 'string' ? cluster : undefined),
    weight,
    isEnabled: switchIn(fields['enabled']),
    isHealthy: switchIn(fields['healthy']),
    isEphemeral: switchIn(fields['ephemeral']),
    metadata,
  };
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^[+-]?\d{1,12}(\.\d{0,20})?$/.test(value.trim())) return undefined;
  return Number(value);
}

/** Python writes `True`. */
function switchIn(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** JSON of an object, or `k=v,k2=v2`. */
export function metadataOfText(text: string): Readonly<Record<string, string>> | 'malformed' {
  if (findJsonFault(text, metadataDepthMax) === undefined) {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? textsIn(value) : 'malformed';
  }
  const pairs = text.split(',').map((pair) => pair.split('='));
  if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) return 'malformed';
  return Object.fromEntries(pairs as [string, string][]);
}

/** Values that are no text are written as JSON; those that are null are left out. */
function textsIn(fields: Fields): Readonly<Record<string, string>> {
  const entries = Object.entries(fields).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
