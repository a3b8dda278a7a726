// What Nacos keeps with an instance: its names as they were given, and what rollcall has no word for. All but the
// service is left out where it is what Nacos has by default. Absent where the instance came in another way.

import type { FrontPart } from '../../../model/front-parts.ts';
import { type Instance, limits } from '../../../model/instance.ts';
import { defaultCluster, defaultGroup, type NacosService, publicNamespace } from './service-name.ts';

export interface NacosContent {
  readonly service: string;
  readonly namespace?: string;
  readonly group?: string;
  readonly cluster?: string;
  /** Where its address is written otherwise here. */
  readonly ip?: string;
  /** Where it is no tenth of a whole number, or out of our range. */
  readonly weight?: number;
  readonly isDisabled?: true;
  readonly isUnhealthy?: true;
  readonly isPersistent?: true;
}

export function contentOf({ fronts }: Pick<Instance, 'fronts'>): NacosContent | undefined {
  const part = fronts?.nacos;
  // Written by `partOf` alone.
  return part === undefined ? undefined : (JSON.parse(part.content) as NacosContent);
}

export function partOf(content: NacosContent): FrontPart {
  const { service, group } = content;
  return { appName: group === undefined ? service : `${service}.${group}`, content: JSON.stringify(content) };
}

/** What is to be kept of the names; see also decode.ts. */
export function namesOf(
  { namespace, group, service }: NacosService,
  cluster: string,
): Pick<NacosContent, 'service' | 'namespace' | 'group' | 'cluster'> {
  return {
    service,
    ...(namespace === publicNamespace ? {} : { namespace }),
    ...(group === defaultGroup ? {} : { group }),
    ...(cluster === defaultCluster ? {} : { cluster }),
  };
}

/** Whether an instance was registered under these names. */
export function isNamed(content: NacosContent, { namespace, group, service }: NacosService): boolean {
  return (
    content.service === service &&
    (content.group ?? defaultGroup) === group &&
    (content.namespace ?? publicNamespace) === namespace
  );
}

const weightScale = 10;

/** Nacos's 1.0 is our default of 10; what takes no traffic there is `waiting` here. */
export function weightOf(weight: number): number {
  return Math.min(limits.weight, Math.max(1, Math.round(weight * weightScale)));
}

/** As it is shown; a weight that was changed through another front is that one. */
export function shownWeight({ weight }: Pick<Instance, 'weight'>, content: NacosContent | undefined): number {
  return content?.weight !== undefined && weightOf(content.weight) === weight ? content.weight : weight / weightScale;
}

/** What of a given weight is to be kept. */
export function keptWeight(weight: number): Pick<NacosContent, 'weight'> {
  return weightOf(weight) / weightScale === weight ? {} : { weight };
}
