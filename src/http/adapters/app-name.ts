// The one rule from an app's name, as a front of another registry is given it, to an appid: lower case; every character
// that a DNS label cannot have (`_`, a space, `:`) becomes `-`; dots stay, and hyphens at the ends of a label go. The given
// name is kept beside the instance (model/front-parts.ts) and given back; two names with one appid are refused there.

import { foldedAppName, parseAppid } from '../../model/names.ts';
import type { Problem } from '../../model/problem.ts';

/** The appid, or what is wrong with the name. */
export function appidOf(given: string): string | Problem {
  return parseAppid(foldedAppName(given));
}
