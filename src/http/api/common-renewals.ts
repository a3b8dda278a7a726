// The body of many renewals as programs write it: `{"instances":[{"env":"…","appid":"…","instance":"…"},…]}`, the fields in
// this order, text without escapes, white space wherever JSON has it. It is read by one pattern, at about the price of
// JSON.parse alone. Anything else, and whatever is wrong, is left to json-body.ts, which reports the fault: what passes
// here is JSON without a fault, whose fields are all there, once, and text.
// Limits: linear in the body, which the body limit bounds.

import type { InstanceKey } from '../../model/names.ts';

/** In one call: about a millisecond of work, and more instances than one host has. */
export const renewalsMax = 1000;

export interface CommonRenewal extends InstanceKey {
  /** Its fields as they came: the text between the braces. */
  readonly text: string;
}

/** `request.body` of such a body. */
export class CommonRenewals {
  readonly entries: readonly CommonRenewal[];

  constructor(entries: readonly CommonRenewal[]) {
    this.entries = entries;
  }
}

const space = String.raw`[\t\n\r ]*`;
// biome-ignore format: one token of JSON each
const tokens = {
  head: [String.raw`\{`, '"instances"', ':', String.raw`\[`],
  entry: [String.raw`\{`, `(${[...fieldOf('env'), ',', ...fieldOf('appid'), ',', ...fieldOf('instance')].join(space)})`, String.raw`\}`, String.raw`([,\]])`],
  tail: [String.raw`\}`, '$'],
};
const head = patternOf(tokens.head);
const entry = patternOf(tokens.entry);
const tail = patternOf(tokens.tail);

function fieldOf(name: string): string[] {
  return [`"${name}"`, ':', String.raw`"([^"\\\x00-\x1f]*)"`];
}

/** Sticky: it matches where the last one ended. */
function patternOf(parts: readonly string[]): RegExp {
  return new RegExp(space + parts.join(space), 'y');
}

/** The renewals of a body in its common form, at least one; undefined for any other body. */
export function readCommonRenewals(text: string): CommonRenewals | undefined {
  head.lastIndex = 0;
  if (!head.test(text)) return undefined;
  const entries: CommonRenewal[] = [];
  entry.lastIndex = head.lastIndex;
  for (let isLast = false; !isLast; ) {
    const found = entry.exec(text);
    if (found === null) return undefined;
    const [, fields = '', env = '', appid = '', instance = '', next] = found;
    entries.push({ env, appid, instance, text: fields });
    isLast = next === ']';
  }
  tail.lastIndex = entry.lastIndex;
  return tail.test(text) ? new CommonRenewals(entries) : undefined;
}
