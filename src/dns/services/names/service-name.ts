// Names of the registry, read right to left (design §5): env, the longest registered appid, then what is left over:
// selectors (`1.4.2._version`) and preferences (`eu-1a._near`), a port (`_http._tcp`), or an instance (`orders-1`,
// `http.orders-1`). The result has
// which instances and which of their addresses a name means. A name exists when some registered instance makes it
// exist, whether it takes traffic or not; the names between are empty non-terminals, so that a resolver which asks
// label by label (RFC 9156) never meets NXDOMAIN above a name that exists (RFC 8020).
// Labels are octets: a dot inside one never equals a separator, and only A-Z were folded.

import { hasPort, type NamedPort } from '../../../model/compact-instance.ts';
import type { AppView, LeasedInstance, RegistryView } from '../../../model/view.ts';
import type { LargeApp, Selected } from '../apps/large-app.ts';
import { type Preference, preferenceOf } from '../apps/near.ts';
import { hasValue, hasValueBelow, isIn, type ReadSelectors, readSelectors, textOf } from '../apps/selector.ts';

/** The meaning of a name. `servesAddress` undefined: all addresses. */
export interface NameScope {
  readonly app: AppView;
  /** Which records the name can have: of an app or a part of it, one instance, a port, a host, or for DNS-SD. */
  readonly kind: 'app' | 'instance' | 'service' | 'host' | 'advertised';
  /** Selected instances, whatever their status; may be asked for more than once. */
  instances(): Iterable<LeasedInstance>;
  readonly servesAddress: ((address: NamedPort) => boolean) | undefined;
  readonly near?: Preference;
  /** Of a large app: the same instances, to be chosen from without a look at each. */
  readonly selected?: Selected;
}

/** The apps that are not to be walked. */
export interface LargeAppsView {
  of(app: Pick<AppView, 'env' | 'appid'>): LargeApp | undefined;
}

/** `within`: an empty non-terminal. */
export type ServiceName =
  | { readonly kind: 'scope'; readonly scope: NameScope }
  | { readonly kind: 'within'; readonly app: AppView | undefined };

const within: ServiceName = { kind: 'within', app: undefined };

/** `labels` are left of the origin, folded, one character per octet. Undefined: there is no such name. */
export function findServiceName(
  labels: readonly string[],
  view: RegistryView,
  largeApps: LargeAppsView,
): ServiceName | undefined {
  const env = labels.at(-1);
  if (env === undefined || view.at(env, '') === undefined) return undefined;
  const longest = longestApp(labels, view);
  if (longest === 'within') return within;
  if (longest === undefined) return labels.length === 1 ? within : undefined;
  return belowApp(labels.slice(0, longest.at), longest.app, largeApps.of(longest.app));
}

/**
 * The app with the longest name that the labels end in, and how many labels are left of it; `within` where the name
 * itself lies above an app.
 */
export function longestApp(
  labels: readonly string[],
  view: RegistryView,
): { app: AppView; at: number } | 'within' | undefined {
  const env = labels.at(-1) ?? '';
  let app: AppView | undefined;
  let appAt = labels.length - 1;
  let suffix = '';
  for (let i = labels.length - 2; i >= 0; i--) {
    const label = labels[i] as string;
    if (label.includes('.')) break;
    suffix = suffix === '' ? label : `${label}.${suffix}`;
    const found = view.at(env, suffix);
    if (found === undefined) break;
    if (i === 0 && found === 'within') return 'within';
    if (found === 'within') continue;
    app = found;
    appAt = i;
  }
  return app === undefined ? undefined : { app, at: appAt };
}

function belowApp(labels: readonly string[], app: AppView, large: LargeApp | undefined): ServiceName | undefined {
  const last = labels.at(-1);
  if (last === undefined) {
    const selected =
      large === undefined ? {} : { selected: { large, slots: undefined, key: '', portNames: [], narrowing: '' } };
    return scopeOf({ app, kind: 'app', instances: () => app.instances(), servesAddress: undefined, ...selected });
  }
  if (last.startsWith('_')) return bySelectors(labels, app, large);
  const leased = app.byLabel(last);
  return leased === undefined ? undefined : ofInstance(labels.slice(0, -1), app, leased);
}

/** `orders-1`, `http.orders-1`, `8080-tcp.http.orders-1` and `_http._tcp.orders-1`. */
function ofInstance(labels: readonly string[], app: AppView, leased: LeasedInstance): ServiceName | undefined {
  const instances = [leased];
  const last = labels.at(-1);
  if (last === undefined)
    return scopeOf({ app, kind: 'instance', instances: () => instances, servesAddress: undefined });
  if (last.startsWith('_')) return byPort(labels, app, instances);
  if (labels.length > 2) return undefined;
  const endpoint = labels.length === 2 ? labels[0] : undefined;
  const servesAddress = (address: NamedPort) => {
    return address.portName === last && (endpoint === undefined || endpointLabel(address) === endpoint);
  };
  return hasPort(leased.instance, servesAddress)
    ? scopeOf({ app, kind: 'host', instances: () => instances, servesAddress })
    : undefined;
}

/** The label that distinguishes two endpoints of one port name: `8080-tcp`. */
export function endpointLabel(address: NamedPort): string {
  return `${address.port}-${address.protocol}`;
}

/** Preferences change whom a name answers with, not whether it exists; but for a bare `_near`, which is only an inner node. */
function bySelectors(labels: readonly string[], app: AppView, large: LargeApp | undefined): ServiceName | undefined {
  const read = readSelectors(labels);
  if (read === undefined || textOf(read.rest) === undefined) return undefined;
  const { selectors, near, endsNear, rest } = read;
  const found = large === undefined ? walked(read, app) : indexed(read, app, large);
  if (near.length === 0 || found === undefined) return found;
  // Below an end of a value is the rest of that value, and nothing else.
  if (found.kind === 'within') return endsNear && rest.length === 0 ? undefined : found;
  if (near.at(-1) === '') return { kind: 'within', app };
  const isKnown = (value: string) =>
    large === undefined
      ? [...app.instances()].some((leased) => isIn(value, leased))
      : large.slotsWith({ key: '_zone', value }).size > 0;
  return scopeOf({ ...found.scope, near: preferenceOf(near, [rest, selectors], isKnown) });
}

function portNamesIn({ selectors }: ReadSelectors): readonly string[] {
  return selectors.filter(({ key }) => key === '_port').map(({ value }) => value);
}

/** Selectors of an app that has few instances: each is asked. */
function walked(read: ReadSelectors, app: AppView): ServiceName | undefined {
  const { selectors, rest } = read;
  let chosen = [...app.instances()];
  for (const [index, selector] of selectors.entries()) {
    const left = chosen.filter(({ instance }) => hasValue(instance, selector));
    if (left.length === 0) {
      const isLeftmost = index === selectors.length - 1 && rest.length === 0;
      const isAbove = isLeftmost && chosen.some(({ instance }) => hasValueBelow(instance, selector));
      return isAbove ? { kind: 'within', app } : undefined;
    }
    chosen = left;
  }
  const portNames = portNamesIn(read);
  if (rest.length > 0) return byPort(rest, app, chosen, portNames);
  return scopeOf({ app, kind: 'app', instances: () => chosen, servesAddress: servesPortNames(portNames) });
}

/** The same for a large app, by its index of values. */
function indexed(read: ReadSelectors, app: AppView, large: LargeApp): ServiceName | undefined {
  const { selectors, rest } = read;
  const slots = large.select(selectors);
  if (slots?.size === 0) {
    const leftmost = selectors.at(-1);
    if (leftmost === undefined || rest.length > 0) return undefined;
    const beside = large.select(selectors.slice(0, -1));
    return large.hasEnd(leftmost, beside) ? { kind: 'within', app } : undefined;
  }
  const portNames = portNamesIn(read);
  const key = JSON.stringify([rest, selectors]);
  const select = (chosen: typeof slots) => ({
    instances: () => large.instances(chosen),
    selected: { large, slots: chosen, key, portNames, narrowing: [...rest, ...portNames].join(' ') },
  });
  if (rest.length === 0)
    return scopeOf({ app, kind: 'app', servesAddress: servesPortNames(portNames), ...select(slots) });
  if (rest.length > 2) return undefined;
  const [portName, protocol] = (rest.length === 2 ? rest : [undefined, rest[0]]) as [string | undefined, string];
  if (portName !== undefined && portNames.length > 0 && !portNames.some((one) => `_${one}` === portName))
    return undefined;
  const services = portName === undefined ? portNames.map((one) => `_${one}.${protocol}`) : [`${portName}.${protocol}`];
  const serving =
    services.length === 0
      ? [large.slotsWith({ key: 'protocol', value: protocol })]
      : services.map((value) => large.slotsWith({ key: 'service', value }));
  const found = serving.map((set) => (slots === undefined ? set : set.and(slots))).find(({ size }) => size > 0);
  if (found === undefined) return undefined;
  if (portName === undefined) return { kind: 'within', app };
  const servesAddress = (address: NamedPort) =>
    `_${address.portName}` === portName && `_${address.protocol}` === protocol;
  return scopeOf({ app, kind: 'service', servesAddress, ...select(found) });
}

/** `_tcp` (empty non-terminal) and `_http._tcp` (RFC 2782), leftmost, below an app, a selection or an instance. */
function byPort(
  labels: readonly string[],
  app: AppView,
  instances: readonly LeasedInstance[],
  portNames: readonly string[] = [],
): ServiceName | undefined {
  if (labels.length > 2) return undefined;
  const [portName, protocol] = labels.length === 2 ? labels : [undefined, labels[0]];
  const isSelected = servesPortNames(portNames);
  const servesAddress = (address: NamedPort) => {
    const isAsked =
      `_${address.protocol}` === protocol && (portName === undefined || `_${address.portName}` === portName);
    return isAsked && (isSelected === undefined || isSelected(address));
  };
  if (!instances.some(({ instance }) => hasPort(instance, servesAddress))) return undefined;
  return portName === undefined
    ? { kind: 'within', app }
    : scopeOf({ app, kind: 'service', instances: () => instances, servesAddress });
}

function servesPortNames(portNames: readonly string[]): ((address: NamedPort) => boolean) | undefined {
  return portNames.length === 0 ? undefined : (address) => portNames.includes(address.portName);
}

function scopeOf(scope: NameScope): ServiceName {
  return { kind: 'scope', scope };
}
