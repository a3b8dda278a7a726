// The configuration file as people write it: what YAML makes of it, and what is refused rather than guessed.

import { describe, expect, test } from 'vitest';
import { configOf, originsOf, problemsOf, secret, yaml } from '../kit/cli/config-world.ts';

describe('YAML as people write it', () => {
  test('merge keys, a heading of version 1.1 and a marker at the end', () => {
    const tokens = `tokens:\n  - &ops {name: ops, token: ${secret}}\n  - {<<: *ops, name: other, token: ${secret}2}\n`;
    const world = yaml(`%YAML 1.1\n---\n<<: {leaseSeconds: 30, dnsTtlSeconds: 1}\ndnsTtlSeconds: 2\n${tokens}---\n`);
    expect(configOf(world)).toMatchObject({
      leaseSeconds: 30,
      dnsTtlSeconds: 2,
      tokens: [{ name: 'ops' }, { name: 'other' }],
    });
    expect(originsOf(world)).toMatchObject({ leaseSeconds: 'rollcall.yaml:3', dnsTtlSeconds: 'rollcall.yaml:4' });
  });

  test('of several mappings under one merge key the first wins, and what is merged may merge', () => {
    const bases = '[{leaseSeconds: 30}, {leaseSeconds: 40, dnsTtlSeconds: 4, <<: {negativeTtlSeconds: 9}}]';
    expect(configOf(yaml(`<<: ${bases}\n`))).toMatchObject({
      leaseSeconds: 30,
      dnsTtlSeconds: 4,
      negativeTtlSeconds: 9,
    });
  });

  test.each(['3', '[3]', '[{leaseSeconds: 30}, svc.]'])('a merge key with %s is a fault', (value) => {
    expect(problemsOf(yaml(`<<: ${value}\n`))).toEqual([expect.stringMatching(/^rollcall\.yaml:1: <<: /)]);
  });

  test('a name server without a name is refused', () => {
    for (const given of ['10.0.0.1', '"1"', 'ns.1'])
      expect(problemsOf(yaml(`nameServer: ${given}\n`))).toEqual([expect.stringContaining('nameServer: ')]);
    expect(configOf(yaml('nameServer: 4.example\n')).nameServer).toBe('4.example.');
  });

  test('a number where text is meant is refused, since 1.10 would be 1.1', () => {
    for (const key of ['serverVersion', 'serverId'])
      expect(problemsOf(yaml(`${key}: 1.10\n`))).toEqual([
        expect.stringMatching(new RegExp(`${key}: 1\\.1 is a number.*quotes`)),
      ]);
    expect(configOf(yaml('serverVersion: "1.10"\n')).serverVersion).toBe('1.10');
    expect(configOf({ env: { ROLLCALL_SERVER_VERSION: '1.10' } }).serverVersion).toBe('1.10');
  });

  test('a template that was not rendered is named as one', () => {
    expect(problemsOf(yaml('origin: svc.\nhttp: {{ .Values.http }}\n'))).toEqual([
      expect.stringMatching(/^rollcall\.yaml:2: .*not rendered/),
    ]);
  });
});
