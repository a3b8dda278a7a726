// A command line is called again and again: what a command does not need is not loaded. And its reader may leave.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnvironment, run } from '../kit/process/program.ts';
import { root } from '../kit/process/server-process.ts';

/** From the sources: in a bundle what is loaded has no names. */
const main = join(root, 'src', 'main.ts');

/** Prints, at the end, which packages and which of our folders were loaded. */
const spy = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context); } });
process.on('exit', () => {
  const names = [...loaded].map((url) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)|src\\/(\\w+)\\//.exec(url));
  process.stdout.write(JSON.stringify([...new Set(names.map((name) => name?.[1] ?? name?.[2]))]));
});`;

async function loadedBy(args: readonly string[]): Promise<string[]> {
  const imported = `data:text/javascript,${encodeURIComponent(spy)}`;
  const { out } = await run(process.execPath, ['--import', imported, main, ...args]);
  const [, list = '[]'] = /(\[[^\n]*\])$/.exec(out) ?? [];
  return JSON.parse(list) as string[];
}

const heavy = ['typebox', 'yaml', 'fastify', 'pino', 'app', 'registry', 'dns', 'http'];

test.each([
  ['--version', [], [...heavy, 'dns2']],
  ['ls --url http://127.0.0.1:1', [], [...heavy, 'dns2']],
  ['snippet unbound --server 127.0.0.1:1 --origin svc', [], [...heavy, 'dns2']],
  ['resolve a.b.svc --server 127.0.0.1:1 --url http://127.0.0.1:1', ['dns2'], heavy],
  ['config', ['typebox', 'yaml'], ['fastify', 'pino', 'registry', 'dns', 'http', 'dns2']],
])('%s loads %j and none of %j', async (line, own, others) => {
  const loaded = await loadedBy(line.split(' '));
  for (const one of ['commander', ...own]) expect(loaded).toContain(one);
  expect(loaded.filter((name) => others.includes(name))).toEqual([]);
});

test('a reader that has heard enough is no error', async () => {
  const child = spawn(process.execPath, [main, 'config', '--help'], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stdout.destroy();
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect({ code, output }).toEqual({ code: 0, output: '' });
});
