// Reading the API's documents: they come from outside, perhaps from a newer server, so every field may be missing or of
// another kind. What is not there is an empty text.

export type Fields = Readonly<Record<string, unknown>>;

export function textField(fields: Fields, name: string): string {
  const value = fields[name];
  if (Array.isArray(value)) return value.map(plainText).join(',');
  return value === undefined || value === null ? '' : plainText(value);
}

/** The instance that a document is about, as people name it: ENV/APPID/INSTANCE. */
export function instanceField(fields: Fields): string {
  return ['env', 'appid', 'instance'].map((name) => textField(fields, name)).join('/');
}

export function fieldsList(fields: Fields, name: string): readonly Fields[] {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((one): one is Fields => typeof one === 'object' && one !== null) : [];
}

export function textList(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  return Array.isArray(value) ? value.map(plainText) : [];
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** `74s` from now until an ISO 8601 time; `-3s` where it has passed. */
export function secondsUntil(fields: Fields, name: string, nowMs: number): string {
  const atMs = Date.parse(textField(fields, name));
  return Number.isNaN(atMs) ? '' : `${Math.round((atMs - nowMs) / 1000)}s`;
}
