// The state of an instance as tables show it: its word, its colour, and how soon it is looked at. Trouble comes first in
// every list for people, so that it is on the screen where a list is longer than that.

import { type Fields, partField, textField, timeUntil } from './document-fields.ts';
import type { Style } from './terminal/style.ts';
import { counted } from './terminal/words.ts';

/** `suspect`: past its lease, and kept by the guard. */
export function stateOf(document: Fields): string {
  return document['suspect'] === true ? 'suspect' : textField(document, 'status');
}

export function stateStyle(state: string): Style | undefined {
  if (state === 'up') return 'good';
  if (state === 'waiting') return 'doubtful';
  return state === 'suspect' ? 'bad' : undefined;
}

const order = ['suspect', 'waiting', 'up'];

/** For sorting: trouble first, then by name. */
export function byTrouble(
  one: { readonly state: string; readonly name: string },
  other: { readonly state: string; readonly name: string },
): number {
  const rank = order.indexOf(one.state) - order.indexOf(other.state);
  return rank === 0 ? (one.name < other.name ? -1 : one.name > other.name ? 1 : 0) : rank;
}

/** `40 instances: 1 suspect, 2 waiting, 37 up` */
export function stateCounts(states: readonly string[]): string {
  const numbers = new Map<string, number>();
  for (const state of states) numbers.set(state, (numbers.get(state) ?? 0) + 1);
  const known = [...numbers].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
  const each = known.map(([state, count]) => `${count} ${state}`).join(', ');
  const total = counted(states.length, 'instance');
  return each === '' ? total : `${total}: ${each}`;
}

/** Why it takes no traffic, as far as the server knows: who drained it and for how long, or what its checks found. */
export function troubleOf(document: Fields, nowMs: number): string {
  const override = partField(document, 'override');
  if (textField(override, 'status') === 'waiting') {
    const [by, reason, until] = ['by', 'reason', 'until'].map((name) => textField(override, name));
    const left = timeUntil(override, 'until', nowMs);
    const held = until === '' ? '' : `, held ${left === '' ? 'until "rollcall up"' : `for ${left}`}`;
    return `drained${by === '' ? '' : ` by ${by}`}${reason === '' ? '' : `: ${reason}`}${held}`;
  }
  const health = partField(document, 'health');
  const [verdict, reason] = ['verdict', 'reason'].map((name) => textField(health, name));
  if (verdict !== '' && verdict !== 'passing') return `${verdict}${reason === '' ? '' : `: ${reason}`}`;
  return document['suspect'] === true ? 'past its lease, kept by the guard' : '';
}
