// A server as a process that we hold: started, waited for until it answers, stopped by its id, and with us at the latest.

import { run, start, startWhen } from '../kit/process/program.ts';
import { appOf, type Spelling, spelledInZone } from './names.ts';

export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly spelling: Spelling;
  stop(): Promise<void>;
}

export interface Start {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** As in the zone file by default. */
  readonly spelling?: Spelling;
}

const everyMs = 100;
/** A large zone takes its time, and so does the end of a large registry. */
const startMaxMs = 180_000;
const endMaxMs = 60_000;

/** Resolves when it knows the names; one that ends instead, or takes minutes, is an error with its output. */
export async function started(server: Start): Promise<Server> {
  const { name, port, args, cwd, env = process.env, spelling = spelledInZone } = server;
  const program = start(server.program, args, { cwd, env });
  await startWhen(`${name} answering on port ${port}`, program, () => answers(port, spelling), {
    withinMs: startMaxMs,
    everyMs,
  });
  const stop = async (): Promise<void> => {
    await program.stop('SIGTERM', endMaxMs);
  };
  return { name, pid: program.pid, port, spelling, stop };
}

/** SERVFAIL is the answer of one that is not ready; rollcall has no name yet. */
async function answers(port: number, spelling: Spelling): Promise<boolean> {
  const options = ['-p', String(port), '+time=1', '+tries=1', '+noall', '+comments'];
  const { out } = await run('dig', ['@127.0.0.1', ...options, ...spelling.A(appOf(0)).split(' ')]);
  const statuses = spelling === spelledInZone ? /status: (NOERROR|NXDOMAIN)/ : /status: NOERROR/;
  return statuses.test(out);
}
