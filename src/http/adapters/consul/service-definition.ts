// A service as it is registered with Consul, decoded from its body and checked as the original does; and the parts of a
// registration that follow from it. A port has no scheme in Consul: it is `http` or `https` where Spring's `secure` in Meta
// says so, where a tag is the scheme, or an HTTP check asks that port; otherwise `tcp`. A service without a port is
// `discard://` (port 9, RFC 863): DNS has its address.

import { type Address, parseAddress } from '../../../model/address.ts';
import { limits, parseRegistration, type Registration, type RegistrationDefaults } from '../../../model/instance.ts';
import { hostInUrl } from '../host-text.ts';
import { isLabelText } from '../label-text.ts';
import { problemText } from '../problem-text.ts';
import { type CheckDefinition, readCheck } from './check-definition.ts';
import { type Decoded, decodeObject, type GoFields, type GoJsonFault } from './go-json.ts';
import type { ConsulContent } from './part.ts';

export const serviceFields = {
  ID: 'string',
  Name: 'string',
  Service: 'string',
  Kind: 'string',
  Tags: 'strings',
  Address: 'string',
  Port: 'int',
  SocketPath: 'string',
  TaggedAddresses: 'object',
  Meta: 'texts',
  EnableTagOverride: 'bool',
  Weights: 'object',
  Check: 'object',
  Checks: 'objects',
  Proxy: 'any',
  Connect: 'object',
  Locality: 'any',
  Namespace: 'string',
  Partition: 'string',
  Token: 'string',
  PeerName: 'string',
  Datacenter: 'string',
  ContentHash: 'string',
  CreateIndex: 'int',
  ModifyIndex: 'int',
} as const satisfies GoFields;

type Given = Decoded<typeof serviceFields>;

export interface ServiceDefinition {
  readonly name: string;
  readonly id: string;
  readonly given: Given;
  readonly checks: readonly CheckDefinition[];
}

/** Port of RFC 863. */
export const portOfNone = 9;

/** `nameField`: `Name` at the agent, `Service` in the catalog. */
export function readService(
  object: Readonly<Record<string, unknown>>,
  nameField: 'Name' | 'Service',
  struct: string,
): ServiceDefinition | GoJsonFault {
  const given = decodeObject(object, serviceFields, struct);
  if ('fault' in given) return { fault: `Request decode failed: ${given.fault}` };
  const name = given[nameField] ?? given.Name ?? given.Service ?? '';
  if (name === '') return { fault: 'Missing service name' };
  const fault = serviceFault(given);
  if (fault !== undefined) return { fault };
  const id = given.ID || name;
  const checks = readChecks(given, id, name);
  return 'fault' in checks ? checks : { name, id, given, checks };
}

function serviceFault({ Port = 0, Kind = '', Connect = {}, SocketPath = '', Weights }: Given): string | undefined {
  if (Port < 0 || Port > 65_535) return `Invalid Port: must be 0-65535, received ${Port}`;
  if (Kind !== '' || Object.values(Connect).some((value) => value !== null && value !== false))
    return 'Invalid service: there is no service mesh here (Kind, Connect)';
  if (SocketPath !== '') return 'Invalid service: SocketPath cannot be found by DNS';
  const weights = weightsOf(Weights);
  if (typeof weights === 'string') return weights;
  return undefined;
}

/** Passing and Warning; a sentence: they are not what the original takes. */
function weightsOf(weights: Given['Weights']): { readonly passing: number; readonly warning: number } | string {
  if (weights === undefined) return { passing: 1, warning: 1 };
  const read = decodeObject(weights, { Passing: 'int', Warning: 'int' } as const, '.Weights');
  if ('fault' in read) return `Request decode failed: ${read.fault}`;
  const { Passing: passing = 0, Warning: warning = 0 } = read;
  // Go's API sends zeros for what was not set.
  if (passing === 0 && warning === 0) return { passing: 1, warning: 1 };
  if (passing < 1) return 'Invalid Weights: Passing must be greater than 0';
  if (warning < 0) return 'Invalid Weights: Warning must be greater or equal than 0';
  if (passing > limits.weight || warning > limits.weight) return `Invalid Weights: at most ${limits.weight}`;
  return { passing, warning };
}

function readChecks(
  { Check, Checks = [] }: Given,
  id: string,
  service: string,
): readonly CheckDefinition[] | GoJsonFault {
  const all = [...(Check === undefined ? [] : [Check]), ...Checks].filter((one) => one !== null && !isEmpty(one));
  const found: CheckDefinition[] = [];
  for (const [index, object] of all.entries()) {
    const own = all.length === 1 ? `service:${id}` : `service:${id}:${index + 1}`;
    const read = readCheck(object, { id: own, name: `Service '${service}' check` });
    if ('fault' in read) return read;
    found.push(read);
  }
  return found;
}

/** Some clients send the struct of a check with nothing in it. */
function isEmpty(object: Readonly<Record<string, unknown>>): boolean {
  return Object.values(object).every((value) => value === null || value === '' || value === 0 || value === false);
}

/** The registration in the body but for its checks; `host`: where it is if it gives no address. */
export function registrationOf(
  { given, checks }: ServiceDefinition,
  host: string,
  defaults: RegistrationDefaults,
):
  | {
      readonly registration: Registration;
      readonly content: Omit<ConsulContent, 'checks' | 'node'>;
      readonly present: { readonly zone: boolean; readonly version: boolean };
    }
  | GoJsonFault {
  const { Address = '', Port = 0, Tags = [], Meta = {}, TaggedAddresses } = given;
  const weights = weightsOf(given.Weights) as { readonly passing: number; readonly warning: number };
  const present = { zone: isLabelText(Meta['zone']), version: isLabelText(Meta['version']) };
  const tags = [...new Set(Tags.filter(isLabelText))].slice(0, limits.tags);
  const port = Port === 0 ? portOfNone : Port;
  const at = hostInUrl(Address === '' ? host : Address);
  const input = {
    addrs: [`${schemeOf(given, checks)}://${at}:${port}`],
    tags,
    weight: weights.passing,
    metadata: Meta,
    ...(present.zone ? { zone: Meta['zone'] } : {}),
    ...(present.version ? { version: Meta['version'] } : {}),
  };
  const registration = parseRegistration(input, defaults);
  if (Array.isArray(registration)) return { fault: `Invalid service: ${problemText(registration)}` };
  const content = {
    ...(Address === '' ? {} : { address: Address }),
    ...(Port === 0 ? { hasNoPort: true as const } : {}),
    ...(tags.length === Tags.length ? {} : { tags: Tags }),
    ...(TaggedAddresses === undefined || Object.keys(TaggedAddresses).length === 0
      ? {}
      : { taggedAddresses: TaggedAddresses }),
    ...(weights.warning === 1 ? {} : { warningWeight: weights.warning }),
    ...(given.EnableTagOverride === true ? { enableTagOverride: true as const } : {}),
  };
  return { registration, content, present };
}

const schemes = ['https', 'http', 'grpc', 'tcp'];

function schemeOf({ Port = 0, Meta = {}, Tags = [] }: Given, checks: readonly CheckDefinition[]): string {
  if (Port === 0) return 'discard';
  if (Meta['secure'] === 'true') return 'https';
  if (Meta['secure'] === 'false') return 'http';
  const tagged = schemes.find((scheme) => Tags.includes(scheme));
  if (tagged !== undefined) return tagged;
  const asked = checks
    .map(({ run }) => (run?.address === undefined ? undefined : parseAddress(run.address)))
    .find((address): address is Address => address !== undefined && !('fault' in address) && address.port === Port);
  return asked?.portName ?? 'tcp';
}
