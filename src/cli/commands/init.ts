// `rollcall init`: what a server of this machine needs, written into a folder: settings with a comment each, a zone file and
// a systemd unit. Limits: files that are there are not written over without --force.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import type { SettingKey } from '../../config/settings.ts';
import { formatListen } from '../../config/values.ts';
import { type Action, type CliContext, describeArguments } from '../command.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { printFault } from '../fault.ts';
import { settingsText } from '../init/settings-text.ts';
import { unitText } from '../init/unit-text.ts';
import { zoneText } from '../init/zone-text.ts';
import { withConfig } from '../with-config.ts';

export function define(command: Command, context: CliContext): Action {
  describeArguments(command, 'folder for the files (default: rollcall); for a service /etc/rollcall');
  command
    .option('--http <host:port>', 'where HTTP listens (default: 127.0.0.1:7171)')
    .option('--dns <host:port>', 'where DNS listens (default: 127.0.0.1:8053)')
    .option('--origin <domain>', 'the domain below which names are registered (default: svc.)')
    .option('--force', 'write over files that are there')
    .addHelpText('after', examples);
  return (typed) => {
    const [directory = 'rollcall'] = typed.args;
    const { force, ...flags } = typed.options;
    // What is in force elsewhere on this machine is not what is written.
    const fresh = { ...context, env: {}, readFile: () => ({ kind: 'missing' as const }) };
    return withConfig(flags, fresh, async (config) => init(directory, config, force === true, context));
  };
}

interface NewFile {
  readonly path: string;
  readonly text: string;
}

function init(directory: string, config: Config, isForced: boolean, context: CliContext): ExitCode {
  if (/\p{Cc}/u.test(directory)) {
    const problem = `Cannot write to ${JSON.stringify(directory)}: a path in a unit has no control characters`;
    return printFault({ problem, code: exitCodes.usage }, context);
  }
  const unit = unitText(resolve(directory));
  const files: NewFile[] = [
    { path: join(directory, 'rollcall.yaml'), text: settingsText(settingsOf(config)) },
    { path: join(directory, 'zones', `${config.origin.replace(/\.$/, '')}.zone`), text: zoneText(config.dns) },
    ...(unit === undefined ? [] : [{ path: join(directory, 'rollcall.service'), text: unit.text }]),
  ];
  const there = files.find(({ path }) => existsSync(path));
  if (there !== undefined && !isForced) {
    const problem = `Nothing was written: ${there.path} is there already; name another folder, or --force to write over it`;
    return printFault({ problem, code: exitCodes.failed }, context);
  }
  for (const file of files) {
    const problem = write(file, isForced);
    if (problem !== undefined) return printFault({ problem, code: exitCodes.failed }, context);
  }
  context.out(`${files.map(({ path }) => `${path}\n`).join('')}\n${nextSteps(directory, unit)}`);
  return exitCodes.ok;
}

/** What is written without a comment sign. */
function settingsOf({ http, dns, origin }: Config): ReadonlyMap<SettingKey, unknown> {
  return new Map<SettingKey, unknown>([
    ['http', http.map(formatListen)],
    ['dns', dns.map(formatListen)],
    ['origin', origin],
    ['zones', 'zones'],
  ]);
}

function write({ path, text }: NewFile, isForced: boolean): string | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true });
    // A file that came since the look is not written over either.
    writeFileSync(path, text, { flag: isForced ? 'w' : 'wx' });
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `Cannot write ${path}: ${code ?? message}`;
  }
}

function nextSteps(directory: string, unit: ReturnType<typeof unitText>): string {
  const start = `Start it:\n  cd ${directory} && rollcall serve\n`;
  if (unit === undefined)
    return `${start}There is no systemd unit: this installation has no deploy/rollcall.service.\n`;
  const copy = `  sudo cp ${join(directory, 'rollcall.service')} /etc/systemd/system/ && sudo systemctl enable --now rollcall\n`;
  const notes = unit.hidden.map((path) => `  ${path}\n`).join('');
  const warning =
    notes === ''
      ? ''
      : `but not from here: services do not see /home, /root and /tmp (ProtectHome=, PrivateTmp=). Move\n${notes}to /opt and /etc, and run "rollcall init" there.\n`;
  return `${start}or as a service:\n${copy}${warning}`;
}

const examples = `
Examples:
  rollcall init
  rollcall init --origin corp.example. --dns 10.0.0.5:53
  sudo rollcall init /etc/rollcall

It writes rollcall.yaml, zones/ORIGIN.zone and rollcall.service. "rollcall config print" and "rollcall check-zones", run in
that folder, check them.
`;
