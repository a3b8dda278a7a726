// The DNS names that a registration brings about, as text. HTTP replies list them, and registering checks that they
// fit a DNS name before anything is stored: what could not be asked for must not be accepted.

import type { Instance } from './instance.ts';
import { nameOctetsMax } from './names.ts';
import { type Problem, problem } from './problem.ts';

/** A name of an instance at which a zone file answers in its place. */
export interface HiddenName {
  /** With a final dot. */
  readonly name: string;
  /** Of what is hidden there: `A`, `SRV`. */
  readonly types: readonly string[];
  /** Records at the name itself, an alias (CNAME), or a delegation or redirection (DNAME) at or above it. */
  readonly by: 'records' | 'alias' | 'delegation' | 'redirection';
  /** The zone whose file it is. */
  readonly zone: string;
}

type Placed = Pick<Instance, 'env' | 'appid' | 'label' | 'addrs'>;

/** Names under which the instance is found, with a final dot: its app, each `_port._protocol`, itself. */
export function dnsNames(instance: Placed, origin: string): string[] {
  const app = `${instance.appid}.${instance.env}.${origin}`;
  const ports = instance.addrs.map((address) => `_${address.portName}._${address.protocol}.${app}`);
  return [app, ...new Set(ports), `${instance.label}.${app}`];
}

/**
 * Of these names those that lead somewhere: with addresses at the app's name and the instance's own, with SRV at a port's.
 * Behind host names alone there are no addresses, and of what a zone file hides there is nothing.
 */
export function answeringNames(instance: Placed, origin: string, hidden: readonly HiddenName[]): string[] {
  const families = new Set(instance.addrs.map(({ family }) => family));
  return dnsNames(instance, origin).filter((name) => {
    const types = hidden.find((one) => one.name === name)?.types ?? [];
    if (name.startsWith('_')) return !types.includes('SRV');
    return (families.has(4) && !types.includes('A')) || (families.has(6) && !types.includes('AAAA'));
  });
}

/**
 * Names that SRV targets may need below the instance's own: `http.orders-1` and `8080-tcp.http.orders-1` where it
 * serves its ports at different hosts (design §5, rule 6).
 */
function targetNames(instance: Placed, origin: string): string[] {
  if (new Set(instance.addrs.map((address) => address.host)).size < 2) return [];
  const own = `${instance.label}.${instance.appid}.${instance.env}.${origin}`;
  return instance.addrs.map((address) => `${address.port}-${address.protocol}.${address.portName}.${own}`);
}

/** `_` and a port's name of 62, `_tcp`, `65535-tcp` and dots: no name has more in front of the instance's or the app's. */
const inFrontMax = 80;

/** The first name that is over 255 octets on the wire, as a problem; undefined where all fit. */
export function dnsNameProblem(instance: Placed, origin: string): Problem | undefined {
  const { label, appid, env } = instance;
  // Nearly always, and without a text.
  if (inFrontMax + label.length + appid.length + env.length + origin.length < nameOctetsMax) return undefined;
  for (const name of [...dnsNames(instance, origin), ...targetNames(instance, origin)]) {
    // A dot for every label and the root's zero octet: with a final dot the text is one shorter than the wire form.
    const octets = name.length + 1;
    if (octets > nameOctetsMax)
      return problem('appid', `makes a DNS name of ${octets} octets, at most ${nameOctetsMax} are allowed`, name);
  }
  return undefined;
}
