// The token of this browser tab. It is kept in session storage: a reload keeps it, closing the tab forgets it, and no
// other tab or site sees it. A 401 asks for another one, over the open page; a 403 is kept as the reason why an
// action is not offered again.

import { signal } from '@preact/signals';
import type { Problem } from './api/shapes.ts';

const key = 'rollcall.token';

export const token = signal(stored());

/** Why a token has to be given: undefined while the calls are let in. */
export const signInReason = signal<string | undefined>(undefined);

/** Why this token may not do something, by what it is. */
export const denied = signal<ReadonlyMap<string, string>>(new Map());

function stored(): string {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

export function signIn(value: string): void {
  token.value = value;
  denied.value = new Map();
  signInReason.value = undefined;
  try {
    if (value === '') sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // Storage is switched off: it is kept in memory.
  }
}

export function noteRefusal({ status }: Problem): void {
  if (status !== 401) return;
  signInReason.value =
    token.value === '' ? 'This server needs a token.' : 'The token is not accepted, or no longer. Sign in again.';
}

/** Remembers that an action was refused with 403. */
export function noteDenied(action: string, { detail }: Problem): void {
  denied.value = new Map(denied.value).set(action, detail);
}
