// What a reason may claim about a registry, checked against the list of its instances by counting and comparing: nothing of
// src/dns is asked. Returns what is wrong with a reason, or undefined.

import type { InstanceRecord } from '../../../src/model/instance-record.ts';

export interface Asked {
  readonly env: string;
  /** What stands left of the env, dots and all. */
  readonly rest: string;
  /** The instances that the name means, of any status; undefined where the name is not one of an app. */
  readonly meant: readonly InstanceRecord[] | undefined;
  readonly rcode: string;
  /** Records of the type that was asked for. */
  readonly records: number;
}

type Check = (asked: Asked, words: readonly string[], all: readonly InstanceRecord[]) => boolean;

const isUp = ({ instance }: InstanceRecord) => instance.status === 'up';
const upOf = ({ meant = [] }: Asked) => meant.filter(isUp).length;
const isNodata = ({ rcode, records }: Asked) => rcode === 'NOERROR' && records === 0;

/** Each sentence that there is, and when it is true. */
const sentences: readonly (readonly [RegExp, Check])[] = [
  [
    /^(\d+) instances?, all waiting$/,
    (asked, [count]) =>
      isNodata(asked) && upOf(asked) === 0 && asked.meant?.length === Number(count) && Number(count) > 0,
  ],
  [
    /^(\d+) instances? up, none has an address for this type: .+$/,
    (asked, [count]) => isNodata(asked) && upOf(asked) === Number(count) && Number(count) > 0,
  ],
  [
    /^(\d+) instances? of (\d+) up(?:; (\d+) of them ha(?:s|ve) none: .+)?$/,
    (asked, [up, known, none = '0']) =>
      Number(none) < Number(up) &&
      asked.rcode === 'NOERROR' &&
      asked.records > 0 &&
      upOf(asked) === Number(up) &&
      asked.meant?.length === Number(known),
  ],
  [/^names of this kind have no records of this type$/, (asked) => isNodata(asked) && (asked.meant?.length ?? 0) > 0],
  [
    /^the name has no records, only names below it$/,
    (asked, _, all) => isNodata(asked) && all.some(({ instance }) => instance.env === asked.env),
  ],
  [
    /^nothing is registered in the env ([^;]+)\.(?:; .+)?$/,
    (asked, [env], all) =>
      asked.rcode === 'NXDOMAIN' && env === asked.env && !all.some(({ instance }) => instance.env === env),
  ],
  [
    /^the app ([a-z.-]+) is registered, but no instance, port or selection of this name(?:; .+)?$/,
    (asked, [appid = ''], all) =>
      asked.rcode === 'NXDOMAIN' &&
      asked.rest.endsWith(`.${appid}`) &&
      all.some(({ instance }) => instance.env === asked.env && instance.appid === appid),
  ],
  [
    /^no service type of this name in this env, or no such instance of it$/,
    (asked) => asked.rcode === 'NXDOMAIN' && /(^|\.)_[a-z]+$/.test(asked.rest),
  ],
  [
    /^no app of this name(?:; it(?:s| is) .+)?$/,
    (asked, _, all) => isMissingApp(asked, all) && closeTo(asked, all).length === 0,
  ],
  [
    /^no app of this name; (\d+) in this env (?:is|are) close: ([^;]+)(?:; .+)?$/,
    (asked, [count, names = ''], all) => {
      const close = closeTo(asked, all);
      const shown = names.split(', ');
      return (
        isMissingApp(asked, all) &&
        close.length === Number(count) &&
        shown.length === Math.min(3, close.length) &&
        new Set(shown).size === shown.length &&
        shown.every((appid) => close.includes(appid))
      );
    },
  ],
];

export function untruth(reason: string, asked: Asked, all: readonly InstanceRecord[]): string | undefined {
  for (const [form, check] of sentences) {
    const found = form.exec(reason);
    if (found !== null) return check(asked, found.slice(1), all) ? undefined : `not true: ${reason}`;
  }
  return `unknown: ${reason}`;
}

function isMissingApp({ rcode, env, rest }: Asked, all: readonly InstanceRecord[]): boolean {
  const isApp = (appid: string) => rest === appid || rest.endsWith(`.${appid}`);
  return rcode === 'NXDOMAIN' && !all.some(({ instance }) => instance.env === env && isApp(instance.appid));
}

function closeTo({ env, rest }: Asked, all: readonly InstanceRecord[]): string[] {
  const appids = new Set(all.filter(({ instance }) => instance.env === env).map(({ instance }) => instance.appid));
  return [...appids].filter((appid) => distance(rest, appid) <= 2);
}

/** Levenshtein's, by the book. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
