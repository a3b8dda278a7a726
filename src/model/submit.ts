// How everything outside control gives commands: HTTP fronts, service files, checks, DNS UPDATE, bridges. The outcome
// settles when the change is on the disk and in the answers of DNS.

import type { Actor } from './change.ts';
import type { Command, OutcomeOf } from './command.ts';
import type { Principal, Right } from './principal.ts';

/** The caller lacks a right there. `who`, `where`: in words, where the command got that far. */
export interface Forbidden {
  readonly kind: 'forbidden';
  readonly right: Right;
  readonly who?: string;
  readonly where?: string;
}

/** As `token deploy does not have the right "register" for prod/orders`. */
export function forbiddenText({ right, who = 'the caller', where = 'this' }: Forbidden): string {
  return `${who} does not have the right "${right}" for ${where}`;
}

/** Why a command was not carried out, or what cannot be promised of its outcome. */
export type Refused =
  | Forbidden
  /** The caller has as many instances registered as its credential allows: `entry` names that. */
  | { readonly kind: 'quota'; readonly entry: string; readonly instancesMax: number }
  | { readonly kind: 'not-ready' }
  | { readonly kind: 'store-failing'; readonly reason: string }
  /** The cluster cannot confirm it. `isUnknown`: it was sent, and may take effect all the same. */
  | { readonly kind: 'no-quorum'; readonly reason: string; readonly isUnknown: boolean }
  /** It took effect and is not on the disk: a restart may lose it. */
  | { readonly kind: 'not-durable' };

export type Submit = <C extends Command>(
  principal: Principal,
  actor: Actor,
  command: C,
) => Promise<OutcomeOf<C> | Refused>;
