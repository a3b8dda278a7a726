// The configuration texts: filled in from settings or flags, and accepted by the programs' own checks where these are
// installed. forwarders.test.ts and proxies.test.ts run the programs with them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { snippets } from '../../../src/cli/commands/snippet.ts';
import { typed } from '../../kit/cli/cli-world.ts';
import { installed, requireInCi } from '../../kit/process/installed.ts';
import { run } from '../../kit/process/program.ts';
import { scratch } from '../../kit/process/scratch.ts';

async function textFor(program: string, ...flags: readonly string[]): Promise<string> {
  const { code, out, err } = await typed(['snippet', program, ...flags]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

describe.each([...snippets.keys()])('%s', (program) => {
  test('names address, port and origin, and begins with where it goes', async () => {
    const flags = [
      '--server',
      '10.9.8.7:5399',
      '--origin',
      'Internal.Example.',
      '--app',
      'test/pay',
      '--app-port',
      '9099',
    ];
    const text = await textFor(program, ...flags);
    expect(text).toMatch(/^(#|\/\/) \S+/);
    expect(text).toContain('internal.example');
    if (program !== 'prometheus') expect(text).toMatch(/10\.9\.8\.7\D{1,6}5399/);
    const inForce = text.replaceAll(/^ *(#|\/\/).*$/gm, '');
    expect(inForce).not.toMatch(/\bsvc\b|8053|undefined/);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(160);
  });

  test('takes its defaults from the settings', async () => {
    const { out } = await typed(['snippet', program], {
      files: { 'rollcall.yaml': 'dns: 0.0.0.0:5300\norigin: reg.test\n' },
      env: { ROLLCALL_TOKEN: 'not-a-setting-of-ours', ROLLCALL_URL: 'http://127.0.0.1:1' },
    });
    if (program !== 'prometheus') expect(out).toMatch(/127\.0\.0\.1\D{1,6}5300/);
    expect(out).toContain('reg.test');
  });
});

test('IPv6 is written as each program wants it', async () => {
  const flags = ['--server', '[2001:db8::5]:53', '--origin', 'svc'];
  expect(await textFor('unbound', ...flags)).toContain('stub-addr: 2001:db8::5@53');
  expect(await textFor('dnsmasq', ...flags)).toContain('server=/svc/2001:db8::5#53');
  expect(await textFor('bind', ...flags)).toContain('2001:db8::5 port 53');
  for (const program of ['coredns', 'nginx', 'haproxy', 'caddy', 'systemd-resolved']) {
    expect(await textFor(program, ...flags)).toContain('[2001:db8::5]:53');
  }
});

test.each([
  [['snippet', 'squid'], 'Allowed choices are coredns, unbound'],
  [['snippet', 'nginx', '--server', 'dns.example:53'], '--server: "dns.example:53" is not an address'],
  [['snippet', 'nginx', '--origin', 'a b', '--server', '::1'], '"a b" is not a domain name'],
  [['snippet', 'bind', '--also', '"; evil', '--server', '::1'], 'is not a domain name'],
  [['snippet', 'nginx', '--app', 'pay.prod'], '--app: "pay.prod" is not ENV/APPID'],
  [['snippet', 'nginx', '--app', 'prod/pay/pay-1'], 'is not ENV/APPID'],
  [['snippet', 'nginx', '--app-port', '0'], '--app-port: "0" is not a port'],
])('%j is wrong usage', async (args, output) => {
  const { code, out, err } = await typed(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(output);
});

test('wrong settings are reported', async () => {
  const { code, err } = await typed(['snippet', 'unbound'], { files: { 'rollcall.yaml': 'dns: here\n' } });
  expect(code).toBe(1);
  expect(err).toMatch(/^rollcall\.yaml:1: dns: "here" is not host:port/);
});

test('what is YAML can be read', async () => {
  const { scrape_configs: jobs } = parse(await textFor('prometheus')) as { scrape_configs: unknown[] };
  expect(jobs).toMatchObject([{ dns_sd_configs: [{ names: ['_http._tcp.orders.prod.svc'], type: 'SRV' }] }]);
  const documents = parseAllDocuments(await textFor('kubernetes')).map(
    (one) => one.toJS() as { data?: Record<string, string> },
  );
  expect(documents).toMatchObject([{ kind: 'ConfigMap' }, { kind: 'Pod' }]);
  const blocks = documents[0]?.data?.['rollcall.server'] ?? '';
  expect(await textFor('coredns')).toContain(blocks.trimEnd());
});

test('what is an INI file has a section and keys', async () => {
  const lines = (await textFor('systemd-resolved')).split('\n').filter((line) => !/^(#.*)?$/.test(line));
  expect(lines).toEqual(['[Resolve]', 'DNS=127.0.0.1:8053', 'Domains=~svc', 'DNSSEC=no', 'Cache=no-negative']);
});

interface Check {
  readonly program: string;
  readonly binary: string;
  /** Debian's package; undefined: the check is made where the program happens to be. */
  readonly debian?: string;
  /** The file around the text. */
  whole(text: string, directory: string): string;
  args(file: string, directory: string): string[];
}

const checks: readonly Check[] = [
  {
    program: 'unbound',
    binary: 'unbound-checkconf',
    debian: 'unbound',
    whole: (text, directory) => `server:\n  chroot: ""\n  username: ""\n  directory: "${directory}"\n${text}`,
    args: (file) => [file],
  },
  {
    program: 'dnsmasq',
    binary: 'dnsmasq',
    debian: 'dnsmasq-base',
    whole: (text) => text,
    args: (file) => ['--test', `--conf-file=${file}`],
  },
  {
    program: 'bind',
    binary: 'named-checkconf',
    debian: 'bind9-utils',
    whole: (text, directory) =>
      `options { directory "${directory}"; ${/^\/\/ +(validate-except .*)$/m.exec(text)?.[1]} };\n${text}`,
    args: (file) => [file],
  },
  {
    program: 'haproxy',
    binary: 'haproxy',
    debian: 'haproxy',
    whole: (text) => `${text.replace('127.0.0.1:8089', '127.0.0.1:1')}`,
    args: (file) => ['-c', '-f', file],
  },
  {
    program: 'nginx',
    binary: 'nginx',
    debian: 'nginx-light',
    whole: (text, directory) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (kind) => `${kind}_temp_path ${kind};`,
      );
      return `pid nginx.pid;\nerror_log stderr;\nevents {}\nhttp { access_log off; ${temporary.join(' ')}\n${text.replace('127.0.0.1:8088', `unix:${directory}/socket`)}\n}`;
    },
    args: (file, directory) => ['-t', '-e', 'stderr', '-p', directory, '-c', file],
  },
  { program: 'prometheus', binary: 'promtool', whole: (text) => text, args: (file) => ['check', 'config', file] },
  {
    program: 'caddy',
    binary: 'caddy',
    whole: (text) => text,
    args: (file) => ['adapt', '--adapter', 'caddyfile', '--config', file],
  },
];

const missing = requireInCi(
  checks.flatMap(({ binary, debian }) => (debian === undefined ? [] : [binary])),
  checks.map(({ debian }) => debian ?? '').join(' '),
);

test.each(checks.map((check) => ({ ...check, isMissing: missing.includes(check.binary) || !installed(check.binary) })))(
  '$binary accepts the text for $program (missing: $isMissing)',
  async ({ program, binary, whole, args, isMissing }) => {
    if (isMissing) return;
    const directory = scratch();
    const text = await textFor(program, '--server', '127.0.0.1:8053', '--origin', 'svc', '--also', '10.in-addr.arpa');
    const file = join(directory, 'conf');
    writeFileSync(file, whole(text, directory));
    const { code, out, err } = await run(binary, args(file, directory), { cwd: directory });
    expect({ code, output: code === 0 ? '' : out + err }).toEqual({ code: 0, output: '' });
  },
);
