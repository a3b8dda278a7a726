// `rollcall init`: what it writes is what the server, its checks and systemd take; what is there stays.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { requireInCi } from '../../kit/process/installed.ts';
import { cleanEnvironment, run } from '../../kit/process/program.ts';
import { scratch } from '../../kit/process/scratch.ts';
import { main } from '../../kit/process/server-process.ts';

const missing = requireInCi(['systemd-analyze'], 'systemd');

const rollcall = (cwd: string, ...args: string[]) =>
  run(process.execPath, [main, ...args], { cwd, env: cleanEnvironment(), withinMs: 60_000 });

const textOf = (...path: string[]): string => readFileSync(join(...path), 'utf8');

test('settings, zone and unit of a new folder are without a fault, and the next step is printed', async () => {
  const cwd = scratch();
  const { code, out, err } = await rollcall(cwd, 'init');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^rollcall\/rollcall\.yaml\nrollcall\/zones\/svc\.zone\nrollcall\/rollcall\.service\n/);
  expect(out).toContain('cd rollcall && rollcall serve');
  const folder = join(cwd, 'rollcall');
  expect(readdirSync(folder).sort()).toEqual(['rollcall.service', 'rollcall.yaml', 'zones']);
  const zones = await rollcall(folder, 'check-zones');
  expect(zones).toMatchObject({ code: 0, out: '1 zone, no faults\n' });
  const config = await rollcall(folder, 'config', 'print', '-o', 'json');
  expect(config.code).toBe(0);
  expect(JSON.parse(config.out)).toMatchObject({
    http: { value: ['127.0.0.1:7171'], from: 'rollcall.yaml:5' },
    origin: { value: 'svc.' },
    leaseSeconds: { value: 90, from: 'default' },
  });
});

test('every default may be taken out of its comment', async () => {
  const cwd = scratch();
  await rollcall(cwd, 'init', '.');
  const text = textOf(cwd, 'rollcall.yaml').replaceAll(/^# ([A-Za-z]+: .+)$/gm, '$1');
  writeFileSync(join(cwd, 'rollcall.yaml'), text);
  expect(Object.keys(parse(text) as object)).toEqual(expect.arrayContaining(['leaseSeconds', 'guardPercent']));
  const { code, err } = await rollcall(cwd, 'config');
  expect({ code, err }).toEqual({ code: 0, err: '' });
});

test.skipIf(missing.length > 0)(
  `systemd finds no fault in the unit, also for a folder with odd characters${missing.length > 0 ? ' (no systemd)' : ''}`,
  async () => {
    const cwd = scratch();
    await rollcall(cwd, 'init', 'a 50% "folder"');
    const unit = join(cwd, 'a 50% "folder"', 'rollcall.service');
    const { code, out, err } = await run('systemd-analyze', ['verify', unit]);
    expect({ code, output: out + err }).toEqual({ code: 0, output: '' });
    expect(textOf(unit)).toContain(`ExecStart="${process.execPath}" `);
  },
);

describe('the domain and the addresses that are given', () => {
  test('are those of the settings and of the zone', async () => {
    const cwd = scratch();
    const { code } = await rollcall(cwd, 'init', 'x', '--origin', 'corp.example.', '--dns', '[::1]:5353');
    expect(code).toBe(0);
    expect(parse(textOf(cwd, 'x', 'rollcall.yaml'))).toMatchObject({ origin: 'corp.example.', dns: ['[::1]:5353'] });
    expect(textOf(cwd, 'x', 'zones', 'corp.example.zone')).toMatch(/^ns +IN AAAA ::1$/m);
  });

  test('are judged as "serve" would', async () => {
    const cwd = scratch();
    const { code, out, err } = await rollcall(cwd, 'init', '--dns', '70000');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('--dns: "70000"');
    expect(readdirSync(cwd)).toEqual([]);
  });
});

test('a file that is there is left, with all others, unless it is forced', async () => {
  const cwd = scratch({ 'rollcall.yaml': 'origin: mine.\n' });
  const { code, out, err } = await rollcall(cwd, 'init', '.');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('rollcall.yaml is there already');
  expect(readdirSync(cwd)).toEqual(['rollcall.yaml']);
  expect(textOf(cwd, 'rollcall.yaml')).toBe('origin: mine.\n');
  expect((await rollcall(cwd, 'init', '.', '--force')).code).toBe(0);
  expect(parse(textOf(cwd, 'rollcall.yaml'))).toMatchObject({ origin: 'svc.' });
});
