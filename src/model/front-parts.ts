// What the front of another registry's API has to give back and rollcall has no word for: the app's name as it was given,
// and a JSON object that only that front reads (a data center, URLs, a status of its own). One part a front and instance,
// stored with it and shown by the API read-only; it is in no DNS answer, and no other front touches it.
// Limits: a part is at most `frontPartOctetsMax`.

import { AdapterName } from './adapters.ts';
import { type Problem, problem } from './problem.ts';
import { foldAscii, utf8Length } from './text.ts';

export interface FrontPart {
  /** The app's name as this front was given it; its folded form is the appid. */
  readonly appName: string;
  /** JSON text of an object. */
  readonly content: string;
}

export type FrontParts = Readonly<Partial<Record<AdapterName, FrontPart>>>;

/** A fleet of 100 000 instances with the longest parts takes 400 MB; common ones have 300 octets. */
export const frontPartOctetsMax = 4096;

/** The parts `before`, with those of `given` in their place. */
export function mergedParts(before: FrontParts | undefined, given: FrontParts | undefined): FrontParts | undefined {
  if (given === undefined || isSameParts(before, { ...before, ...given })) return before;
  return Object.freeze({ ...before, ...given });
}

export function isSameParts(a: FrontParts | undefined, b: FrontParts | undefined): boolean {
  if (a === b) return true;
  const names = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]) as Set<AdapterName>;
  return [...names].every((name) => {
    const [one, other] = [a?.[name], b?.[name]];
    return one !== undefined && one.appName === other?.appName && one.content === other.content;
  });
}

/** The first part that is too long, as a problem. */
export function partsProblem(parts: FrontParts | undefined): Problem | undefined {
  if (parts === undefined) return undefined;
  for (const [name, { appName, content }] of Object.entries(parts)) {
    const octets = utf8Length(appName) + utf8Length(content);
    if (octets <= frontPartOctetsMax) continue;
    const message = `must be at most ${frontPartOctetsMax} bytes of what only this front knows`;
    return problem(`fronts.${name}`, message, `${octets} bytes`);
  }
  return undefined;
}

/** Why an instance of `appid` may not call its app so, beside one that has `others`; undefined: it may. */
export function nameClash(appid: string, given: FrontParts, others: FrontParts | undefined): string | undefined {
  for (const [front, { appName }] of Object.entries(given) as [AdapterName, FrontPart][]) {
    const own = others?.[front]?.appName;
    if (own !== undefined && own !== appName) return own;
    if (own !== undefined) continue;
    // Fronts differ in case alone where one of them knows none.
    const names = Object.values(others ?? {}).map((part) => part.appName);
    const clash = (names.length === 0 ? [appid] : names).find((name) => foldAscii(name) !== foldAscii(appName));
    if (clash !== undefined) return clash;
  }
  return undefined;
}

/** What was stored, or another node wrote: of the fronts that this version knows, the parts that can be read. */
export function partsIn(value: unknown): FrontParts | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const stored = value as Readonly<Record<string, Partial<Record<string, unknown>> | null | undefined>>;
  const parts = AdapterName.flatMap((name) => {
    const { appName, content } = stored[name] ?? {};
    if (typeof appName !== 'string' || typeof content !== 'string' || !isObjectText(content)) return [];
    return [[name, { appName, content }] as const];
  });
  return parts.length === 0 ? undefined : Object.freeze(Object.fromEntries(parts));
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
