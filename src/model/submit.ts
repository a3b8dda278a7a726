// How everything outside control gives commands: HTTP fronts, service files, checks, DNS UPDATE, bridges. The outcome
// settles when the change is on the disk and in the answers of DNS.

import type { Actor } from './change.ts';
import type { Command, OutcomeOf } from './command.ts';
import type { Principal, Right } from './principal.ts';

/** Why a command was not carried out, or what cannot be promised of its outcome. */
export type Refused =
  | { readonly kind: 'forbidden'; readonly right: Right }
  | { readonly kind: 'not-ready' }
  | { readonly kind: 'store-failing'; readonly reason: string }
  /** It took effect and is not on the disk: a restart may lose it. */
  | { readonly kind: 'not-durable' };

export type Submit = <C extends Command>(
  principal: Principal,
  actor: Actor,
  command: C,
) => Promise<OutcomeOf<C> | Refused>;
