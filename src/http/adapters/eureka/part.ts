// What Eureka keeps with an instance: the fields of its InstanceInfo for which rollcall has no word, as its registrant
// wrote them. Absent where the instance came in another way.

import type { FrontPart } from '../../../model/front-parts.ts';
import type { Instance } from '../../../model/instance.ts';
import { type EurekaStatus, eurekaStatusOf } from './status.ts';

/** In the order in which a Eureka server writes them; each as it was given, or absent. */
export const keptTexts = [
  'appGroupName',
  'homePageUrl',
  'statusPageUrl',
  'healthCheckUrl',
  'secureHealthCheckUrl',
  'vipAddress',
  'secureVipAddress',
  'asgName',
] as const;
export type KeptText = (typeof keptTexts)[number];

export interface EurekaContent extends Partial<Record<KeptText, string>> {
  readonly hostName?: string;
  /** As the registrant sent it. */
  readonly status?: EurekaStatus;
  readonly countryId?: number;
  readonly dataCenterInfo?: Readonly<Record<string, unknown>>;
  readonly renewalIntervalInSecs?: number;
  /** Of a port that is not enabled. */
  readonly disabledPort?: number;
  readonly disabledSecurePort?: number;
  /** It was registered without an instanceId: its host name is its id. */
  readonly isNamedByHost?: true;
}

export function contentOf({ fronts }: Pick<Instance, 'fronts'>): EurekaContent {
  const part = fronts?.eureka;
  // Written by `partOf` alone.
  return part === undefined ? {} : (JSON.parse(part.content) as EurekaContent);
}

export function partOf(appName: string, content: EurekaContent): FrontPart {
  return { appName, content: JSON.stringify(content) };
}

/** The app's name as Eureka shows it. */
export function appNameOf({ fronts, appid }: Pick<Instance, 'fronts' | 'appid'>): string {
  return fronts?.eureka?.appName ?? appid.toUpperCase();
}

/** What the registrant sent through this front; undefined: nothing. */
export function sentStatus(content: EurekaContent): EurekaStatus | undefined {
  return content.status === undefined ? undefined : eurekaStatusOf(content.status);
}
