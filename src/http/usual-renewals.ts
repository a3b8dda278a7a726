// The body of many renewals as programs write it: `{"instances":[{"env":"…","appid":"…","instance":"…"},…]}`, the fields in
// this order, text without escapes, white space wherever JSON has it. It is read by one pattern, at about the price of
// JSON.parse alone. Anything else, and whatever is wrong, is left to json-body.ts, which knows how to say it: what passes
// here is JSON without a fault, whose fields are all there, once, and text.
// Limits: linear in the body, which the body limit bounds.

import type { InstanceKey } from '../registry/names.ts';

/** What stands in `request.body` in place of such a body. */
export class UsualRenewals {
  readonly keys: readonly InstanceKey[];

  constructor(keys: readonly InstanceKey[]) {
    this.keys = keys;
  }
}

const space = String.raw`[\t\n\r ]*`;
// biome-ignore format: one token of JSON each
const tokens = {
  head: [String.raw`\{`, '"instances"', ':', String.raw`\[`],
  entry: [String.raw`\{`, ...fieldOf('env'), ',', ...fieldOf('appid'), ',', ...fieldOf('instance'), String.raw`\}`, String.raw`([,\]])`],
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

/** The renewals of a body in its usual form, at least one; undefined for any other body. */
export function readUsualRenewals(text: string): UsualRenewals | undefined {
  head.lastIndex = 0;
  if (!head.test(text)) return undefined;
  const keys: InstanceKey[] = [];
  entry.lastIndex = head.lastIndex;
  for (let isLast = false; !isLast; ) {
    const found = entry.exec(text);
    if (found === null) return undefined;
    const [, env, appid, instance, next] = found as unknown as [string, string, string, string, string];
    keys.push({ env, appid, instance });
    isLast = next === ']';
  }
  tail.lastIndex = entry.lastIndex;
  return tail.test(text) ? new UsualRenewals(keys) : undefined;
}
