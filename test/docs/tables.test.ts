// The tables of docs/ beside the program: every setting, call, error, field of an instance and metric there is, and no other.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environmentNameOf, factsOf, settingKeys } from '../../src/config/settings.ts';
import { failures } from '../../src/http/server/problem-details.ts';
import { codeIn, documentText, tableBelow } from '../kit/cli/documents.ts';
import { ApiClient } from '../kit/http/api-client.ts';
import { type ServerProcess, startServer } from '../kit/process/server-process.ts';

interface Call {
  readonly requestBody: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface Schema {
  readonly properties: Readonly<Record<string, unknown>>;
}

describe('the tables', () => {
  let server: ServerProcess;
  let api: ApiClient;

  beforeAll(async () => {
    server = await startServer();
    api = new ApiClient(server.http);
  });

  afterAll(async () => {
    api.close();
    await server.stop();
  });

  test('Configuration has every setting with its default and its variable, and no other', () => {
    const rows = new Map(
      tableBelow(documentText('docs/configuration.md'), /\bsettings\b/i)?.map((cells) => [
        codeIn(cells[0])[0] ?? '',
        cells,
      ]),
    );
    expect([...rows.keys()].sort()).toEqual([...settingKeys].sort());
    for (const key of settingKeys) {
      const cells = rows.get(key) ?? [];
      expect({ key, variable: codeIn(cells.join(' ')).includes(environmentNameOf(key)) }).toEqual({
        key,
        variable: true,
      });
      const { default: fallback } = factsOf(key);
      if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) continue;
      // 10000, 10 000 and 10,000 are one number.
      const isList = Array.isArray(fallback);
      const given = (cells[1] ?? '').replaceAll(isList ? /[`\s]/g : /[`\s]|(?<=\d)[,_](?=\d{3})/g, '');
      expect({ key, default: given }).toEqual({ key, default: JSON.stringify(fallback).replaceAll(/["[\]]/g, '') });
    }
  });

  test('API has every call of /openapi.json, and no other', async () => {
    const { paths } = (await api.call('GET', '/openapi.json')).json as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, calls]) =>
      Object.keys(calls).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const listed = (tableBelow(documentText('docs/api.md'), /\bcalls\b/i) ?? []).flatMap(([cell]) => {
      let method = '';
      return codeIn(cell).map((code) => {
        const [, verb, path] = /^(?:([A-Z]+) )?([^?]+)/.exec(code) ?? [];
        method = verb ?? method;
        return `${method} ${path}`;
      });
    });
    expect(described.length).toBeGreaterThan(10);
    // The description does not describe itself.
    const selves = ['GET /openapi.json', 'GET /docs'];
    expect(listed.filter((call) => !selves.includes(call)).sort()).toEqual(described.sort());
    for (const call of selves) {
      expect(listed).toContain(call);
      const { status } = await api.call('GET', call.split(' ')[1] ?? '');
      expect([200, 302]).toContain(status);
    }
  });

  test('Errors has every type of problem with its status, and no other', () => {
    const rows = tableBelow(documentText('docs/api.md'), /\bErrors\b/) ?? [];
    const listed = rows.flatMap(([status, types]) => codeIn(types).map((type) => `${type} ${status}`));
    expect(listed.sort()).toEqual(
      Object.entries(failures)
        .map(([type, { status }]) => `${type} ${status}`)
        .sort(),
    );
  });

  test('Limits has the defaults of the settings that it names', () => {
    const limits = documentText('docs/limits.md');
    const named = Array.from(
      limits.matchAll(/(\d[\d ]*)(?: [A-Za-z]+)*(?: an? \w+)? ?\(`(\w+)`/g),
      ([, value = '', key = '']) => ({
        key,
        value: Number(value.replaceAll(' ', '')),
      }),
    );
    expect(named.length).toBeGreaterThan(9);
    const keys: readonly string[] = settingKeys;
    for (const { key, value } of named) {
      expect(keys).toContain(key);
      expect({ key, value }).toEqual({ key, value: factsOf(key as (typeof settingKeys)[number]).default });
    }
  });

  test('An instance has every field that a registration takes, and no other', async () => {
    const { paths } = (await api.call('GET', '/openapi.json')).json as { paths: Record<string, Record<string, Call>> };
    const call = paths['/api/v1/apps/{env}/{appid}/{instance}']?.['put'];
    const fields = Object.keys(call?.requestBody.content['application/json']?.schema.properties ?? {});
    const listed = (tableBelow(documentText('docs/api.md'), /\bAn instance\b/) ?? []).flatMap(([cell]) => codeIn(cell));
    expect(fields.length).toBeGreaterThan(5);
    expect(listed.map((field) => field.replace('[]', '')).sort()).toEqual(fields.sort());
  });

  test('Metrics has every metric of /metrics, and no other', async () => {
    const { text } = await api.call('GET', '/metrics');
    const printed = Array.from(text.matchAll(/^# TYPE (rollcall_\w+) /gm), ([, name = '']) => name);
    const listed = (tableBelow(documentText('docs/metrics.md'), /\bAll metrics\b/) ?? []).flatMap(([cell]) =>
      codeIn(cell).map((code) => code.replace(/\{.*/, '')),
    );
    expect(printed.length).toBeGreaterThan(10);
    expect([...new Set(listed)].sort()).toEqual([...new Set(printed)].sort());
  });
});
