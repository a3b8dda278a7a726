// Names of the registry, read right to left (design §5): env, the longest registered appid, then what is left over:
// selectors (`1.4.2._version`) and preferences (`eu-1a._near`), a port (`_http._tcp`), or an instance (`orders-1`,
// `http.orders-1`). The result says
// which instances and which of their addresses a name means. A name exists when some registered instance makes it
// exist, whether it takes traffic or not; the names between are empty non-terminals, so that a resolver which asks
// label by label (RFC 9156) never meets NXDOMAIN above a name that exists (RFC 8020).
// Labels are octets: a dot inside one never equals a separator, and only A-Z were folded.

import type { Address } from '../../model/address.ts';
import type { AppView, LeasedInstance, RegistryView } from '../../model/view.ts';
import type { Preference } from './near.ts';
import { readSelectors, type Selector, textOf } from './selector.ts';
import { type SelectorIndex, selectorIndex } from './selector-index.ts';

/** What a name stands for. `servesAddress` undefined: all addresses. */
export interface Scope {
  readonly app: AppView;
  /** Which records the name can have: of an app or a part of it, one instance, a port, a host, or for DNS-SD. */
  readonly kind: 'app' | 'instance' | 'service' | 'host' | 'advertised';
  /** Selected instances, whatever their status; may be asked for more than once. */
  instances(): Iterable<LeasedInstance>;
  readonly servesAddress: ((address: Address) => boolean) | undefined;
  readonly near?: Preference;
}

/** `within`: an empty non-terminal. */
export type ServiceName =
  | { readonly kind: 'scope'; readonly scope: Scope }
  | { readonly kind: 'within'; readonly app: AppView | undefined };

const within: ServiceName = { kind: 'within', app: undefined };

/** `labels` stand left of the origin, folded, one character per octet. Undefined: there is no such name. */
export function findServiceName(labels: readonly string[], view: RegistryView): ServiceName | undefined {
  const env = labels.at(-1);
  if (env === undefined || view.at(env, '') === undefined) return undefined;
  const longest = longestApp(labels, view);
  if (longest === 'within') return within;
  if (longest === undefined) return labels.length === 1 ? within : undefined;
  return belowApp(labels.slice(0, longest.at), longest.app);
}

/**
 * The app with the longest name that the labels end in, and how many labels stand left of it; `within` where the name
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

function belowApp(labels: readonly string[], app: AppView): ServiceName | undefined {
  const last = labels.at(-1);
  if (last === undefined)
    return scopeOf({ app, kind: 'app', instances: () => app.instances(), servesAddress: undefined });
  if (last.startsWith('_')) return bySelectors(labels, app);
  const leased = app.byLabel(last);
  return leased === undefined ? undefined : ofInstance(labels.slice(0, -1), app, leased);
}

/** `orders-1`, `http.orders-1`, `8080-tcp.http.orders-1` and `_http._tcp.orders-1`. */
function ofInstance(labels: readonly string[], app: AppView, leased: LeasedInstance): ServiceName | undefined {
  const { addrs } = leased.instance;
  const instances = [leased];
  const last = labels.at(-1);
  if (last === undefined)
    return scopeOf({ app, kind: 'instance', instances: () => instances, servesAddress: undefined });
  if (last.startsWith('_')) return byPort(labels, app, instances);
  if (labels.length > 2) return undefined;
  const endpoint = labels.length === 2 ? labels[0] : undefined;
  const servesAddress = (address: Address) => {
    return address.port === last && (endpoint === undefined || endpointLabel(address) === endpoint);
  };
  return addrs.some(servesAddress)
    ? scopeOf({ app, kind: 'host', instances: () => instances, servesAddress })
    : undefined;
}

/** The label that tells two endpoints of one port name apart: `8080-tcp`. */
export function endpointLabel(address: Address): string {
  return `${address.number}-${address.protocol}`;
}

/** Preferences change whom a name answers with, not whether it exists; but for a bare `_near`, which only stands between. */
function bySelectors(labels: readonly string[], app: AppView): ServiceName | undefined {
  const read = readSelectors(labels);
  if (read === undefined) return undefined;
  const { selectors, near, endsNear, rest } = read;
  const ports = selectors.filter(({ key }) => key === '_port').map(({ value }) => value);
  const index = selectorIndex(app);
  const found =
    rest.length > 0
      ? bySelectedPort(rest, app, index, selectors, ports)
      : bySelection(app, selectors.length === 0 ? index.instances : index.choose(selectors), ports);
  if (near.length === 0 || found === undefined) return found;
  // Below an end of a value is the rest of that value, and nothing else.
  if (found.kind === 'within') return endsNear && rest.length === 0 ? undefined : found;
  if (near.at(-1) === '') return { kind: 'within', app };
  const said = near.filter((value) => index.isSaidByAnybody({ key: '_zone', value }));
  // Zones that are nobody's change nothing but the words.
  const same = said.length === near.length ? undefined : JSON.stringify([rest, selectors, said]);
  return scopeOf({ ...found.scope, near: { zones: near, said, same } });
}

function bySelection(
  app: AppView,
  chosen: readonly LeasedInstance[] | 'within',
  ports: readonly string[],
): ServiceName | undefined {
  if (chosen === 'within') return { kind: 'within', app };
  if (chosen.length === 0) return undefined;
  return scopeOf({ app, kind: 'app', instances: () => chosen, servesAddress: servesPorts(ports) });
}

/** A port below an app (no selectors) or a selection. */
function bySelectedPort(
  labels: readonly string[],
  app: AppView,
  index: SelectorIndex,
  selectors: readonly Selector[],
  ports: readonly string[],
): ServiceName | undefined {
  const value = textOf(labels);
  if (value === undefined || index.isUnheardOf({ key: 'service', value })) return undefined;
  const chosen = selectors.length === 0 ? index.instances : index.choose(selectors);
  if (chosen === 'within') return undefined;
  const found = byPort(labels, app, chosen, ports);
  // A port that is served is mostly found at the first instance.
  if (found === undefined) index.walked('service', chosen.length);
  return found;
}

/** `_tcp` (empty non-terminal) and `_http._tcp` (RFC 2782), leftmost, below an app, a selection or an instance. */
function byPort(
  labels: readonly string[],
  app: AppView,
  instances: readonly LeasedInstance[],
  ports: readonly string[] = [],
): ServiceName | undefined {
  if (labels.length > 2) return undefined;
  const [port, protocol] = labels.length === 2 ? labels : [undefined, labels[0]];
  const isSelected = servesPorts(ports);
  const servesAddress = (address: Address) => {
    const isAsked = `_${address.protocol}` === protocol && (port === undefined || `_${address.port}` === port);
    return isAsked && (isSelected === undefined || isSelected(address));
  };
  if (!instances.some(({ instance }) => instance.addrs.some(servesAddress))) return undefined;
  return port === undefined
    ? { kind: 'within', app }
    : scopeOf({ app, kind: 'service', instances: () => instances, servesAddress });
}

function servesPorts(ports: readonly string[]): ((address: Address) => boolean) | undefined {
  return ports.length === 0 ? undefined : (address) => ports.includes(address.port);
}

function scopeOf(scope: Scope): ServiceName {
  return { kind: 'scope', scope };
}
