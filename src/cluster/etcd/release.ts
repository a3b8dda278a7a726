// Which release of etcd a member runs, as far as it matters here.

const oldest = [3, 4, 0] as const;

/** Three numbers; undefined where the text is none of etcd's versions. */
export function parseRelease(text: string): readonly [number, number, number] | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3])];
}

function isAtLeast(version: string, least: readonly [number, number, number]): boolean {
  const release = parseRelease(version);
  if (release === undefined) return false;
  const differing = release.findIndex((part, index) => part !== least[index]);
  return differing === -1 || (release[differing] as number) > (least[differing] as number);
}

/** Nested transactions in groups and watch fragments were measured from 3.4 on. */
export function isSupported(version: string): boolean {
  return isAtLeast(version, oldest);
}

/** Before these, a progress reply may overtake events (etcd#15220), so it proves life and nothing else. */
export function isProgressOrdered(version: string): boolean {
  return isAtLeast(version, version.startsWith('3.4.') ? [3, 4, 25] : [3, 5, 8]);
}
