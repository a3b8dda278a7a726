// The table of commands: the list in `rollcall --help`, the parser and the shell completions are all made from it.

import type { CommandRow } from './command.ts';

const server = 'The server:';
const registry = 'A running server, over its HTTP API:';
const dns = 'Names and resolvers:';
const shell = 'The shell:';

export const commandRows: readonly CommandRow[] = [
  {
    spec: 'serve',
    summary: 'Run the registry: HTTP API and DNS server in one process.',
    group: server,
    load: () => import('./commands/serve.ts'),
  },
  {
    spec: 'init [dir]',
    summary: 'Write settings with comments, a zone file and a systemd unit for this machine.',
    group: server,
    load: () => import('./commands/init.ts'),
  },
  {
    spec: 'check-zones [dir]',
    summary: 'Read every zone file as "serve" would and report each fault with its line and column.',
    group: server,
    load: () => import('./commands/check-zones.ts'),
  },
  {
    spec: 'check-services [dir]',
    summary: 'Read every service file as "serve" would and report each fault with its line and column.',
    group: server,
    load: () => import('./commands/check-services.ts'),
  },
  {
    spec: 'config [print]',
    summary: 'Print the settings in force and where each came from; starts nothing.',
    group: server,
    load: () => import('./commands/config.ts'),
  },
  {
    spec: 'tls <action>',
    summary: 'Make a private authority and certificates of it, to try TLS with ("tls init").',
    group: server,
    load: () => import('./commands/tls.ts'),
  },
  {
    spec: 'token <action> <subject>',
    summary: 'Make a secret and its entry for the token file ("token new"), or check such a file ("token check").',
    group: server,
    load: () => import('./commands/token.ts'),
  },
  {
    spec: 'ls [env]',
    summary: 'List the apps, with how many instances each has and how many take traffic.',
    group: registry,
    load: () => import('./commands/ls.ts'),
  },
  {
    spec: 'show <name>',
    summary: 'Show the instances of an app (ENV/APPID), or everything about one (ENV/APPID/INSTANCE).',
    group: registry,
    load: () => import('./commands/show.ts'),
  },
  {
    spec: 'register <instance>',
    summary: 'Register an instance (ENV/APPID/INSTANCE), and print how to find and renew it.',
    group: registry,
    load: () => import('./commands/register.ts'),
  },
  {
    spec: 'cancel <instance>',
    summary: 'Take an instance out of every answer at once, and print when it is safe to stop it.',
    group: registry,
    load: () => import('./commands/cancel.ts'),
  },
  {
    spec: 'drain <instance>',
    summary: 'Take an instance out of every answer, still registered; with --wait until it is safe to stop.',
    group: registry,
    load: () => import('./commands/drain.ts'),
  },
  {
    spec: 'up <instance>',
    summary: 'End a drain and its hold: the instance takes traffic again.',
    group: registry,
    load: () => import('./commands/up.ts'),
  },
  {
    spec: 'watch [scope...]',
    summary: 'Show the instances as they change: a live table, or a line for each change.',
    group: registry,
    load: () => import('./commands/watch.ts'),
  },
  {
    spec: 'events [scope]',
    summary: 'List changes: who made them, when and why; with --follow new ones too.',
    group: registry,
    load: () => import('./commands/events.ts'),
  },
  {
    spec: 'restore [scope]',
    summary: 'Restore what was cancelled by mistake; without --yes only print what would be done.',
    group: registry,
    load: () => import('./commands/restore.ts'),
  },
  {
    spec: 'export <file>',
    summary: 'Write everything that is registered to a file, a JSON object a line.',
    group: registry,
    load: () => import('./commands/export.ts'),
  },
  {
    spec: 'import <file>',
    summary: 'Register what a file of "export" has and is not newer here; without --yes only print what would be done.',
    group: registry,
    load: () => import('./commands/import.ts'),
  },
  {
    spec: 'mirror',
    summary: 'Keep an env equal to a live Consul, Eureka or Nacos while its clients move, and report what differs.',
    group: registry,
    load: () => import('./commands/mirror.ts'),
  },
  {
    spec: 'guard',
    summary: 'Show self-protection: whether instances are kept past the end of their lease, and why.',
    group: registry,
    load: () => import('./commands/guard.ts'),
  },
  {
    spec: 'nodes',
    summary: 'Show the nodes of a cluster: who is there, runs how many instances, and since when.',
    group: registry,
    load: () => import('./commands/nodes.ts'),
  },
  {
    spec: 'whoami',
    summary: 'Show who the server takes the caller for, and what that may do.',
    group: registry,
    load: () => import('./commands/whoami.ts'),
  },
  {
    spec: 'run <command...>',
    summary: 'Run a program, keep it registered while it runs, and drain it before it is stopped.',
    group: registry,
    load: () => import('./commands/run.ts'),
  },
  {
    spec: 'resolve <name> [type]',
    summary: 'Ask over DNS; show flags, sections, TTLs, and why the answer is what it is.',
    group: dns,
    load: () => import('./commands/resolve.ts'),
  },
  {
    spec: 'who [name]',
    summary: 'Show who asks DNS for what: clients, names that do not exist, apps without queries.',
    group: dns,
    load: () => import('./commands/who.ts'),
  },
  {
    spec: 'doctor',
    summary: 'Find out why this machine does not resolve names of the registry.',
    group: dns,
    load: () => import('./commands/doctor.ts'),
  },
  {
    spec: 'snippet <program>',
    summary: 'Print the configuration that a resolver, proxy or scraper needs to use rollcall.',
    group: dns,
    load: () => import('./commands/snippet.ts'),
  },
  {
    spec: 'completion <shell>',
    summary: 'Print the completion script for bash, zsh or fish.',
    group: shell,
    load: () => import('./commands/completion.ts'),
  },
];
