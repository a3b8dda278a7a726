#!/usr/bin/env node
// The process: arguments, environment, files and signals on one side, the command line and the app on the other. Only
// here does the program end itself. The heavy parts are imported when a command needs them, so that `--help` and
// `check-zones` answer at once and work where the server's ports are taken.
// Stopping: SIGTERM or SIGINT -> app.stop(), exit 0; longer than `stopSeconds`, or a second signal -> exit 1 at once.
// A fault in native code (SIGSEGV and its kind) ends the process as without a handler: the instruction that failed would
// be run again after any handler, for ever, with HTTP dead and DNS answering from a registry that no longer changes.

import { flushCompileCache } from 'node:module';
import closeWithGrace, { type Signals } from 'close-with-grace';
import { type CliParts, runCli } from './cli/program.ts';
import { keyboardOf } from './cli/terminal/keys.ts';
import { isColoured } from './cli/terminal/style.ts';
import type { Config } from './config/config.ts';
import { readFile } from './config/read-file.ts';
import { boundHeapGrowth } from './runtime/heap-growth.ts';
import { collectStartGarbage } from './runtime/start-garbage.ts';
import { version } from './runtime/version.ts';

// Node would open its inspector, which runs whatever it is sent; bin/rollcall.cjs has warned of it before.
process.on('SIGUSR1', () => {});

/** Left to the kernel; SIGABRT is how systemd's watchdog ends a process that hangs, and leaves a core. */
const fatalSignals: Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGTRAP', 'SIGFPE', 'SIGABRT'];

/** After the first requests of those who waited for the start. */
const garbageAfterMs = 2000;

const parts: CliParts = {
  version,
  env: process.env,
  readFile,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // Asked anew each time: windows change their size.
  terminal: process.stdout.isTTY
    ? {
        get columns() {
          return process.stdout.columns;
        },
        get rows() {
          return process.stdout.rows;
        },
      }
    : undefined,
  serve,
  keyboard: process.stdin.isTTY ? keyboardOf(process.stdin, () => process.kill(process.pid, 'SIGTSTP')) : undefined,
  checkZones,
  checkServices: async (directory) => (await import('./health/files/check-folder.ts')).checkServiceFolder(directory),
};

// The reader of our output may close the pipe (`rollcall ls | head -1`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const result = await runCli(process.argv.slice(2), parts);
if (result !== 'running') process.exit(result);

async function serve(config: Config): Promise<'running' | { readonly problem: string }> {
  // First and alone, since they load their programs while this thread loads the rest.
  const { EarlyWorkers } = await import('./app/early-workers.ts');
  const workers = new EarlyWorkers(config);
  const [{ openLog }, { startApp }, { openServiceNotify }] = await Promise.all([
    import('./runtime/log.ts'),
    import('./app/app.ts'),
    import('./runtime/service-notify.ts'),
  ]);
  // What it writes (data, and nothing else) is for its own user.
  process.umask(0o077);
  const { terminal } = parts;
  // The start screen shows the same as this line.
  const forPeople = { isColoured: isColoured(parts), unsaid: new Set(['rollcall is ready']) };
  const log = openLog(config.logLevel, terminal === undefined ? 'json' : forPeople);
  const { logger } = log;
  const notify = await openServiceNotify(process.env, (reason) => logger.warn({ reason }, 'cannot notify systemd'));
  const stopping = new AbortController();
  const starting = startApp(config, logger, stopping.signal, undefined, workers).finally(() => workers.close());
  closeWithGrace(
    {
      delay: config.stopSeconds * 1000,
      logger: false,
      // Files are watched; it lets go the zones of deleted ones.
      skip: ['SIGHUP', ...fatalSignals],
      // The log may be what it waits for: such last words go to stderr.
      onSecondSignal: (signal) => leaveAtOnce(`${signal} again: leaving at once`),
      onTimeout: () => leaveAtOnce(`Cannot stop in time: more than ${config.stopSeconds} s passed (stopSeconds)`),
    },
    async ({ err, signal }) => {
      if (err !== undefined) logger.fatal(err, 'Stopping because of a fault in the program');
      else logger.info(`${signal ?? 'End'}: stopping`);
      await notify.stopping();
      stopping.abort();
      const app = await starting;
      if (app !== 'stopped' && 'stop' in app) await app.stop();
      await log.close();
    },
  );
  function leaveAtOnce(reason: string): void {
    log.drop();
    parts.err(`${reason}\n`);
  }
  process.on('SIGHUP', async () => {
    const running = await starting;
    if (typeof running !== 'object' || !('stop' in running)) return;
    running.reloadSecrets();
    const released = running.releaseDeletedZones();
    logger.info({ released }, 'SIGHUP: certificate and token file are read again; zones of deleted files are let go');
  });
  const app = await starting;
  if (app !== 'stopped' && 'problem' in app) {
    await log.close();
    return app;
  }
  // Not before the last run's instances are back, since then it is time that counts.
  boundHeapGrowth();
  setTimeout(tidyUp, garbageAfterMs).unref();
  if (app !== 'stopped' && terminal !== undefined) {
    const { startScreen } = await import('./cli/start-screen.ts');
    parts.out(startScreen(app, config, parts));
  }
  if (app !== 'stopped') await notify.ready(() => app.applied());
  return 'running';
}

function tidyUp(): void {
  // At its end it may not come to it; for the next start, where the program is kept compiled (bin/built.cjs).
  flushCompileCache();
  collectStartGarbage();
}

async function checkZones(directory: string): Promise<{ zones: number; faults: string[] }> {
  const [{ loadZones }, { formatFault }] = await Promise.all([
    import('./dns/zone-file/load.ts'),
    import('./dns/zone-file/fault.ts'),
  ]);
  const { zones, faults } = loadZones(directory);
  return { zones: zones.size, faults: faults.map(formatFault) };
}
