// Of an instance whose lease ends in `waiting`, as Consul's TTL checks and Nacos's beats have it: a front that knows leases which
// evict alone registers it again and leaves that as it is.

import type { Control } from '../../control/control.ts';
import type { Liveness } from '../../model/liveness.ts';
import type { InstanceKey } from '../../model/names.ts';

/** To be spread over the command; nothing where the instance is new, or goes by another rule. */
export function keptLiveness(view: Pick<Control['view'], 'find'>, key: InstanceKey): { readonly liveness?: Liveness } {
  const liveness = view.find(key)?.instance.liveness;
  return liveness?.kind === 'lease-then-waiting' ? { liveness } : {};
}
