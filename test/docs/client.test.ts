// Every example of docs/client.md, run as a program of its own against a registry and a service that it can call.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { documentText } from '../kit/cli/documents.ts';
import { apiOf, serverFor } from '../kit/client/client-world.ts';
import { startBackends } from '../kit/http/http-backends.ts';
import { run } from '../kit/process/program.ts';
import { removeScratch, scratch } from '../kit/process/scratch.ts';
import { root } from '../kit/process/server-process.ts';

/** Name -> what it prints, all of it. */
const expected: Readonly<Record<string, RegExp>> = {
  register: /^registered as 127\.0\.0\.1:8080\nno resolver can hold the address any more\n$/,
  call: /^127\.0\.31\.1\n$/,
  follow: /^known from: registry\n\[ 'http:\/\/127\.0\.31\.1:\d+' \]\n1\n$/,
};

const examples = new Map(
  Array.from(documentText('docs/client.md').matchAll(/^```ts (\w+)\n(.*?)^```$/gms), ([, name = '', text = '']) => [
    name,
    text,
  ]),
);

test('there is an expectation for each example', () => {
  expect([...examples.keys()]).toEqual(Object.keys(expected));
});

test.each(Object.keys(expected))('%s', async (name) => {
  const server = await serverFor();
  const backends = await startBackends(['127.0.31.1']);
  const [backend] = backends.all;
  await apiOf(server).register('prod/orders/orders-1', [backend?.addr ?? ''], { zone: 'eu-1a', tags: ['canary'] });
  const text = (examples.get(name) ?? '')
    .replaceAll("'rollcall/client'", `'${pathToFileURL(join(root, 'src', 'client', 'client.ts')).href}'`)
    .replaceAll(':7171', `:${server.httpPort}`)
    .replaceAll(':8053', `:${server.dnsPort}`);
  const folder = scratch();
  writeFileSync(join(folder, 'example.mts'), text);
  const { code, out, err } = await run(process.execPath, ['example.mts'], { cwd: folder, withinMs: 40_000 });
  removeScratch(folder);
  await backends.close();
  // A busy registry may have been tried again, which the example prints on stderr.
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(expected[name] as RegExp);
  await server.stop();
});
