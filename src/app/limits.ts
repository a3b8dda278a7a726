// The limits that callers run into, by what they limit: by the labels of `rollcall_refused_total` where it counts refusals.
// For the metrics page, so that an alert can say "nine tenths" without knowing the configuration.

import type { Config } from '../config/config.ts';

/** `connections` is what is left of the setting by the descriptors that the process may open. */
export function limits(
  config: Pick<Config, 'instancesMax' | 'appsMax' | 'watchersMax' | 'longPollsMax' | 'tcpConnectionsMax'>,
  connections: number,
): Readonly<Record<string, number>> {
  return {
    instances: config.instancesMax,
    apps: config.appsMax,
    watchers: config.watchersMax,
    'long-polls': config.longPollsMax,
    connections,
    'dns-connections': config.tcpConnectionsMax,
  };
}
