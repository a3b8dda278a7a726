// `rollcall watch` over the ends of its server: it reconnects by itself, and prints what it could not see.

import { expect, onTestFinished, test } from 'vitest';
import { startRollcall } from '../kit/cli/command-line.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { freePort, scratch } from '../kit/process/scratch.ts';
import { startServer } from '../kit/process/server-process.ts';

test('a watch comes back by itself: behind what it has seen where the server was stopped, anew where it was killed', async () => {
  const http = `127.0.0.1:${await freePort()}`;
  const directory = scratch();
  const begin = () => startServer({ http, data: 'data', directory });
  const first = await begin();
  const client = new ApiClient(first.http);
  onTestFinished(() => client.close());
  await client.register('prod/kept/kept-1', ['http://10.0.0.7:80']);
  const watching = startRollcall(['watch', 'prod/kept', '--count', '2', '--url', first.http]);
  await watching.untilOutput(/present .*kept-1/);
  await first.stop();
  await watching.untilOutput(/Lost the stream: .*; trying again in \d+s/);

  const second = await begin();
  await client.register('prod/kept/kept-2', ['http://10.0.0.8:80']);
  expect(await watching.untilOutput(/registered .*kept-2/)).not.toMatch(/\bgap\b|present .*kept-2/);
  await second.kill();
  await watching.untilOutput(/(Lost [\s\S]*){2}/);

  const third = await begin();
  onTestFinished(async () => void (await third.stop()));
  await watching.untilOutput(/ gap [\s\S]*present .*kept-2/);
  await client.register('prod/kept/kept-3', ['http://10.0.0.9:80']);
  const { code, out, err } = await watching.ended;
  expect({ code, again: err.match(/^Connected to .* again\.$/gm)?.length }).toEqual({ code: 0, again: 2 });
  expect(out.trimEnd().split('\n').at(-1)).toMatch(/ registered .*kept-3/);
}, 120_000);
