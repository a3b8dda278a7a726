// Hosts as URLs and addresses have them.

import { parseIpv6 } from '../../model/ip.ts';

/** An IPv6 address in brackets; any other host as it is. */
export function hostInUrl(host: string): string {
  return parseIpv6(host) === undefined ? host : `[${host}]`;
}
