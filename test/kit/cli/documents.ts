// The repository's documents as a reader uses them: shell blocks to be typed in, tables to be looked up in, links to be
// followed. A shell block that cannot run in a test has a line with the reason in front of it:
// `<!-- not run: needs a container engine -->`.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/server-process.ts';

export interface Command {
  /** `README.md:17` */
  readonly at: string;
  readonly text: string;
}

/** README.md, everything below docs/, and the README of deploy/, by their paths. */
export function documentPaths(): string[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root }).sort(), 'deploy/README.md'];
}

export function documentText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export interface Block {
  /** `README.md:16`, the fence. */
  readonly at: string;
  /** The line of the document that the first line of the block is. */
  readonly firstLine: number;
  /** `sh`, `yaml` …; empty: a fence without one. */
  readonly language: string;
  /** Why no test runs it; undefined: no reason is given. */
  readonly notRun: string | undefined;
  readonly lines: readonly string[];
}

/** The fenced blocks of a document, in order. A block may be indented, as below an item of a list. */
export function blocksOf(path: string, text = documentText(path)): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const fence = /^(\s*)```\s*(\w*)/.exec(lines[index] ?? '');
    if (fence === null) continue;
    const [, indent = '', language = ''] = fence;
    const end = lines.findIndex((line, at) => at > index && line.startsWith(`${indent}\`\`\``));
    if (end < 0) throw new Error(`${path}:${index + 1}: a block that does not end`);
    const [, notRun] = /^\s*<!-- not run: (.+) -->$/.exec(lines[index - 1] ?? '') ?? [];
    const inside = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    blocks.push({ at: `${path}:${index + 1}`, firstLine: index + 2, language, notRun, lines: inside });
    index = end;
  }
  return blocks;
}

/** Every command of the `sh` blocks that are run, in order; one may span several lines. */
export function shellCommands(path: string, text = documentText(path)): Command[] {
  return blocksOf(path, text)
    .filter(({ language, notRun }) => language === 'sh' && notRun === undefined)
    .flatMap((block) => commandsOf(path, block));
}

function commandsOf(path: string, { lines, firstLine }: Block): Command[] {
  const commands: Command[] = [];
  let held: Command | undefined;
  for (const [index, line] of lines.entries()) {
    if (held === undefined && /^\s*(#.*)?$/.test(line)) continue;
    held =
      held === undefined
        ? { at: `${path}:${firstLine + index}`, text: line }
        : { ...held, text: `${held.text}\n${line}` };
    if (!isWhole(held.text)) continue;
    commands.push(held);
    held = undefined;
  }
  if (held !== undefined) throw new Error(`${held.at}: a command that does not end: ${held.text}`);
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

/** The targets of a document's links and pictures, without those that lead out of the repository. */
export function localLinks(text: string): string[] {
  const prose = text.replaceAll(/^\s*```.*?^\s*```/gms, '').replaceAll(/`[^`\n]*`/g, '');
  const marked = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, to = '']) => to);
  const pictures = Array.from(prose.matchAll(/\b(?:src|srcset)="([^"]+)"/g), ([, to = '']) => to);
  return [...marked, ...pictures].filter((to) => !/^[a-z]+:/.test(to));
}

/** The anchors that a document's headings have, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  const prose = text.replaceAll(/^\s*```.*?^\s*```/gms, '');
  return Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
