// The token file of a running server: read again when it changes, and the last good one kept.

import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { CredentialFile } from '../../src/app/credential-file.ts';
import { configOf, secret } from '../kit/cli/config-world.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';

const folder = scratch();
afterAll(() => removeScratch(folder));

const text = (name: string) => `- { name: ${name}, token: ${secret}, allow: [{ rights: [read] }] }\n`;

function opened(content: string, mode = 0o600) {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const config = configOf({ flags: { tokenFile: path }, files: { [path]: content } });
  const file = new CredentialFile(config, logger);
  let changes = 0;
  file.onChange(() => changes++);
  const names = () => file.current.credentials.map(({ name }) => name);
  return { path, lines, file, names, changes: () => changes };
}

describe('a token file that others can read', () => {
  const warnings = ({ lines }: ReturnType<typeof opened>) => lines.filter(({ level, mode }) => level === 40 && mode);

  test('is warned of at the start and whenever it is read, with its mode and what to do', () => {
    const world = opened(text('one'), 0o644);
    expect(warnings(world)).toMatchObject([
      { file: world.path, mode: '0644', msg: expect.stringContaining('chmod 600') },
    ]);
    chmodSync(world.path, 0o600);
    world.file.reload();
    expect(warnings(world)).toHaveLength(1);
    chmodSync(world.path, 0o660);
    world.file.reload();
    expect(warnings(world)).toHaveLength(2);
    expect(world.names()).toEqual(['one']);
  });

  test('its group may', () => {
    expect(warnings(opened(text('one'), 0o640))).toEqual([]);
  });
});

describe('the token file', () => {
  test('is read when it was the same for two looks', () => {
    const { path, file, names, changes } = opened(text('one'));
    file.check();
    expect(changes()).toBe(0);
    writeFileSync(path, text('another'));
    file.check();
    expect(names()).toEqual(['one']);
    file.check();
    expect(names()).toEqual(['another']);
    file.check();
    expect(changes()).toBe(1);
  });

  test('with a fault is named with line and field, and the one before stays in force', () => {
    const { path, file, names, lines, changes } = opened(text('one'));
    writeFileSync(path, text('one').replace('read', 'write'));
    file.reload();
    expect(names()).toEqual(['one']);
    expect(changes()).toBe(0);
    expect(file.isFailing).toBe(true);
    expect(lines.at(-1)).toMatchObject({ level: 40, file: path });
    expect(JSON.stringify(lines.at(-1))).toContain('line 1: one: allow[0].rights');
    expect(JSON.stringify(lines)).not.toContain(secret);
    writeFileSync(path, text('two'));
    file.reload();
    expect(names()).toEqual(['two']);
    expect(file.isFailing).toBe(false);
  });

  test('that has gone leaves its credentials in force', () => {
    const { path, file, names } = opened(text('one'));
    rmSync(path);
    file.reload();
    expect(names()).toEqual(['one']);
    expect(file.isFailing).toBe(true);
  });

  test('may change its form', () => {
    const { path, file, names } = opened(`old ${secret}\n`);
    expect(names()).toEqual(['old']);
    writeFileSync(path, text('new'));
    file.reload();
    expect(names()).toEqual(['new']);
    expect(file.current.isListed).toBe(true);
  });
});
