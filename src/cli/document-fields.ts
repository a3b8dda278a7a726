// Reading the API's documents: they come from outside, perhaps from a newer server, so every field may be missing or of
// another kind. What is not there is an empty text.

import { durationText } from './duration.ts';

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

/** The app that a document is about: ENV/APPID. */
export function appField(fields: Fields): string {
  return ['env', 'appid'].map((name) => textField(fields, name)).join('/');
}

/** A part of a document that is one itself. */
export function partField(fields: Fields, name: string): Fields {
  const value = fields[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
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

/** `74s`, `20m` from now until an ISO 8601 time; `-3s` where it has passed; empty where there is none. */
export function timeUntil(fields: Fields, name: string, nowMs: number): string {
  const atMs = Date.parse(textField(fields, name));
  return Number.isNaN(atMs) ? '' : durationText(atMs - nowMs);
}
