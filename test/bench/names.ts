// The names that every server of the bench answers: one address each.

export const appCount = 1000;

export function nameOf(index: number): string {
  return `app${index}.prod.svc`;
}

export function addressOf(index: number): string {
  return `10.1.${index >> 8}.${index & 0xff}`;
}
