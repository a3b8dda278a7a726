// Numbers with their nouns.

/** `1 zone`, `2 zones` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
