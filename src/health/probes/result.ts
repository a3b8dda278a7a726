// What a probe is given and what it finds.

import type { Address } from '../../model/address.ts';

/** `refused`: no request was made, it is not an address that checks go to. */
export interface ProbeResult {
  readonly kind: 'passed' | 'failed' | 'refused';
  readonly detail: string;
  /** Of one that passed, with a status that the check takes as a warning. */
  readonly isWarning?: true;
}

/** Where to probe. */
export interface Located {
  /** An address of a host, never a name. */
  readonly ip: string;
  readonly port: number;
  /** As it was registered. */
  readonly address: Address;
}
