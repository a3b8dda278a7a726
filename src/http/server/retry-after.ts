// When to come again: Retry-After in whole seconds, drawn anew for each client that is refused. A fleet that is refused
// in one second with the same number comes back in one second, too.

/** Between `fromSeconds` and twice as much, at least one second apart. `random`: uniform in [0, 1). */
export function retryAfter(fromSeconds: number, random: () => number): string {
  const least = Math.max(1, Math.ceil(fromSeconds));
  return String(least + Math.floor(random() * (least + 1)));
}
