// The log: pino's lines of JSON on stdout; sentences where that is a terminal. The reader of the pipe may be slow, stuck or gone, and none of this may hold up
// an answer or the end of the process: lines are written in the background, kept up to a limit and then dropped, and
// the last of them get a moment, not for ever.

import { type DestinationStream, type Logger, pino } from 'pino';
import { lineForPeople } from './log-line.ts';

/** Some ten thousand lines for a reader that pauses. */
const pendingOctetsMax = 4 * 1024 * 1024;
const lastLinesMs = 500;

export interface Log {
  readonly logger: Logger;
  /** Writes what is pending if it is being read, and writes nothing more. */
  close(): Promise<void>;
  /** Writes nothing more, not even what is pending. */
  drop(): void;
}

/** How it is read: by programs, or by people on a terminal. `unsaid`: messages that people are given in another way. */
export type LogForm = 'json' | { readonly isColoured: boolean; readonly unsaid: ReadonlySet<string> };

export function openLog(level: string, form: LogForm = 'json'): Log {
  const destination = pino.destination({ dest: 1, sync: false, maxLength: pendingOctetsMax });
  // E.g. EPIPE: there is no reader left.
  destination.on('error', () => {});
  const logger = pino({ level }, form === 'json' ? destination : forPeople(destination, form));
  return {
    logger,
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, lastLinesMs);
      logger.level = 'silent';
      destination.once('close', resolve);
      destination.end();
      await promise;
      clearTimeout(timer);
      this.drop();
    },
    drop() {
      // Or the library would try once more at exit, as often as it takes.
      destination.destroy();
    },
  };
}

function forPeople(
  destination: DestinationStream,
  { isColoured, unsaid }: Exclude<LogForm, 'json'>,
): DestinationStream {
  return {
    write(line) {
      const text = lineForPeople(line, isColoured);
      if (text.message === undefined || !unsaid.has(text.message)) destination.write(text.line);
    },
  };
}
