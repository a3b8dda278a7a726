// A folder of service files, followed: what is read when, and what a bad file does not touch.

import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ServiceFolder } from '../../../src/health/files/service-folder.ts';
import { type Files, removeScratch, scratch } from '../../kit/process/scratch.ts';
import { until } from '../../kit/process/until.ts';

const patience = { withinMs: 20_000 };

const named = (...instances: readonly string[]): string =>
  instances
    .map(
      (instance) =>
        `- {env: prod, appid: a, instance: ${instance}, addrs: ["x://10.0.0.1:1"], checks: [{type: tcp}]}\n`,
    )
    .join('');

async function followed(files: Files, folder = 'services.d', expected: readonly string[] = []) {
  const directory = scratch(files);
  const applied: string[] = [];
  const logged: string[] = [];
  const services = new ServiceFolder(
    resolve(directory, folder),
    {
      defaults: { leaseSeconds: 90, dnsTtl: 5 },
      apply: async (file, list) => {
        applied.push(`${file}: ${list.map(({ key }) => key.instance).join(' ')}`);
        return list.filter(({ key }) => key.instance === 'taken').map(({ at }) => `${at}: is taken`);
      },
      withdraw: async (file) => void applied.push(`${file} gone`),
      log: (level, fields, message) =>
        void logged.push(`${level} ${message} ${JSON.stringify(fields).replaceAll(directory, '')}`),
    },
    20,
  );
  onTestFinished(async () => {
    await services.close();
    removeScratch(directory);
  });
  services.expect(new Set(expected));
  const names = await services.start();
  return { directory: resolve(directory, folder), applied, logged, names };
}

test('what is there at the start is read at once, in order; other files are none of it', async () => {
  const { applied, names } = await followed({
    'services.d/b.yaml': named('b1', 'b2'),
    'services.d/a.yml': named('a1'),
    'services.d/.hidden.yaml': named('no'),
    'services.d/notes.txt': named('no'),
  });
  expect(applied).toEqual(['a.yml: a1', 'b.yaml: b1 b2']);
  expect(names).toEqual(['a.yml', 'b.yaml']);
});

test('a named pipe, a directory and a dangling link do not delay other files', async () => {
  const directory = scratch({ 'services.d/z.yaml': named('z1') });
  const folder = join(directory, 'services.d');
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'a.yaml')]);
  mkdirSync(join(folder, 'b.yaml'));
  symlinkSync('nowhere', join(folder, 'c.yaml'));
  const { applied, logged } = await followed({}, folder);
  expect(applied).toEqual(['z.yaml: z1']);
  expect(logged.join('\n')).toContain('a.yaml:1:1: it is a pipe or a device, not a file');
  expect(logged.join('\n')).toContain('b.yaml:1:1: it is a directory, not a file');
  expect(logged.join('\n')).toContain('c.yaml:1:1: ENOENT');
  removeScratch(directory);
});

test('a file that changes, comes and goes is followed, and each state is applied once', async () => {
  const { directory, applied } = await followed({ 'services.d/a.yaml': named('a1') });
  writeFileSync(join(directory, 'a.yaml'), named('a1', 'a2'));
  await until('the change', () => applied.includes('a.yaml: a1 a2'), patience);
  writeFileSync(join(directory, 'next'), named('b1'));
  renameSync(join(directory, 'next'), join(directory, 'b.yaml'));
  await until('the new file', () => applied.includes('b.yaml: b1'), patience);
  rmSync(join(directory, 'a.yaml'));
  await until('the end of it', () => applied.includes('a.yaml gone'), patience);
  expect(applied).toEqual(['a.yaml: a1', 'a.yaml: a1 a2', 'b.yaml: b1', 'a.yaml gone']);
});

test('a bad file is reported with line and column, and touches neither the others nor its last good version', async () => {
  const { directory, applied, logged } = await followed({
    'services.d/a.yaml': named('a1'),
    'services.d/bad.yaml': 'env: prod\naddrs: 7\n',
  });
  expect(applied).toEqual(['a.yaml: a1']);
  expect(logged.find((text) => text.startsWith('warn'))).toMatch(
    /^warn cannot read a service file: none of its services is taken .*\/services\.d\/bad\.yaml:2:8: addrs must be a list/,
  );
  writeFileSync(join(directory, 'a.yaml'), `${named('a1')}- {`);
  await until('the complaint', () => logged.some((text) => text.includes('its last good version counts')), patience);
  expect(applied).toEqual(['a.yaml: a1']);
  writeFileSync(join(directory, 'a.yaml'), named('a1', 'a3'));
  await until('its return', () => applied.includes('a.yaml: a1 a3'), patience);
});

test('a bad file that named instances before a restart is reported as one whose last good version counts', async () => {
  const { applied, logged } = await followed({ 'services.d/a.yaml': '' }, 'services.d', ['a.yaml']);
  expect(applied).toEqual([]);
  expect(logged).toEqual([expect.stringMatching(/^warn .*its last good version counts.*a\.yaml:1:1/)]);
});

test('what the registry refuses is reported with line and column', async () => {
  const { logged } = await followed({ 'services.d/a.yaml': named('free', 'taken') });
  expect(logged).toEqual([expect.stringMatching(/^warn read a service file .*"services":1.*a\.yaml:2:3: is taken/)]);
});

test('a folder that is not there is an empty one, and may come later', async () => {
  const { directory, applied, logged } = await followed({}, 'later');
  expect([applied, logged]).toEqual([[], []]);
  mkdirSync(directory);
  writeFileSync(join(directory, 'a.yaml'), named('a1'));
  await until('its first file', () => applied.includes('a.yaml: a1'), patience);
});

test('a file that is emptied, and a folder that vanishes, keep their services, with a warning', async () => {
  const { directory, applied, logged } = await followed({ 'services.d/a.yaml': named('a1') });
  writeFileSync(join(directory, 'a.yaml'), '');
  await until('the complaint', () => logged.some((text) => text.includes('its last good version counts')), patience);
  renameSync(directory, `${directory}.away`);
  await until('the complaint', () => logged.some((text) => text.includes('it is gone')), patience);
  renameSync(`${directory}.away`, directory);
  writeFileSync(join(directory, 'b.yaml'), named('b1'));
  await until('the new file', () => applied.includes('b.yaml: b1'), patience);
  writeFileSync(join(directory, 'a.yaml'), '[]\n');
  await until('the withdrawal', () => applied.includes('a.yaml: '), patience);
  expect(applied).toEqual(['a.yaml: a1', 'b.yaml: b1', 'a.yaml: ']);
});

test('a file that is too long, and one that is no text', async () => {
  const { logged, applied } = await followed({ 'services.d/long.yaml': `#${'x'.repeat(1024 * 1024)}` });
  expect(applied).toEqual([]);
  expect(logged[0]).toContain('the file is longer than 1048576 bytes');
});
