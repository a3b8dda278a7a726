// The text of a new rollcall.yaml: what was asked for as it is in force, and every other setting as a comment with its
// default, limits and meaning, so that the file is also the list of what there is. Settings of a cluster come with the
// cluster (docs/cluster.md): alone they would be refused.

import { stringify } from 'yaml';
import { factsOf, type SettingKey, settingKeys } from '../../config/settings.ts';

/** `given`: the settings that are written as they are; the others are comments. */
export function settingsText(given: ReadonlyMap<SettingKey, unknown>): string {
  const shown = settingKeys.filter((key) => given.has(key) || !key.startsWith('cluster'));
  const first = shown.filter((key) => given.has(key));
  const rest = shown.filter((key) => !given.has(key));
  return [
    '# Settings of rollcall, read at the start. A ROLLCALL_* variable or a flag of "rollcall serve" beats this file.\n',
    '# "rollcall config print" shows what is in force. Paths are relative to where it is started.\n',
    ...first.map((key) => `\n${about(key)}${line(key, given.get(key))}`),
    '\n# The others, with their defaults. Take the # away to change one.\n',
    ...rest.map((key) => `\n${about(key)}# ${line(key, factsOf(key).default)}`),
  ].join('');
}

function about(key: SettingKey): string {
  const { description, unit, minimum, maximum } = factsOf(key);
  return `# ${description}${unit === undefined ? '' : ` (${minimum} to ${maximum} ${unit})`}\n`;
}

function line(key: SettingKey, value: unknown): string {
  const text = value === undefined ? '' : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return `${key}: ${text}`.trimEnd().concat('\n');
}
