// The repository's documents as a reader uses them: shell blocks to be typed in, tables to be looked up in.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server-process.ts';

export interface Command {
  /** `README.md:17` */
  readonly at: string;
  readonly text: string;
}

/** README.md and everything below docs/, by their paths. */
export function documentPaths(): string[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort()];
}

export function documentText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every command of the fenced `sh` blocks, in order; one may span several lines. */
export function shellCommands(path: string, text = documentText(path)): Command[] {
  const commands: Command[] = [];
  let isShell = false;
  let isFallback = false;
  let held: Command | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```\s*(\w*)/.exec(line);
    if (fence !== null) {
      if (held !== undefined) throw new Error(`${held.at}: a command that does not end: ${held.text}`);
      if (isShell || isFallback) [isShell, isFallback] = [false, false];
      else [isShell, isFallback] = [fence[1] === 'sh', fence[1] !== 'sh'];
      continue;
    }
    if (!isShell || (held === undefined && /^\s*(#.*)?$/.test(line))) continue;
    held = held === undefined ? { at: `${path}:${index + 1}`, text: line } : { ...held, text: `${held.text}\n${line}` };
    if (!isWhole(held.text)) continue;
    commands.push(held);
    held = undefined;
  }
  return commands;
}

/** Whether a shell would run it now, or wait for more. */
function isWhole(text: string): boolean {
  if (text.endsWith('\\')) return false;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: `${text}\n`, encoding: 'utf8' });
  return status === 0 && !stderr.includes('here-document');
}

/** The cells of the first table below a heading, without its head; undefined: there is no such heading or table. */
export function tableBelow(text: string, heading: RegExp): string[][] | undefined {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && heading.test(line));
  if (start < 0) return undefined;
  const depth = lines[start]?.indexOf(' ') ?? 0;
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= depth);
  const section = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  const first = section.findIndex((line) => line.startsWith('|'));
  if (first < 0) return undefined;
  const end = section.findIndex((line, index) => index > first && !line.startsWith('|'));
  const rows = section.slice(first + 2, end < 0 ? undefined : end);
  return rows.map((row) =>
    row
      .slice(1)
      .replace(/\|\s*$/, '')
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backquotes. */
export function codeIn(cell: string | undefined): string[] {
  return Array.from((cell ?? '').matchAll(/`([^`]+)`/g), ([, code = '']) => code);
}
