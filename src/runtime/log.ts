// The log: pino's lines of JSON on stdout. Whoever reads them may be slow, stuck or gone, and none of this may hold up
// an answer or the end of the process: lines are written in the background, kept up to a limit and then dropped, and
// the last of them get a moment, not for ever.

import { type Logger, pino } from 'pino';

/** Some ten thousand lines for a reader that pauses. */
const pendingOctetsMax = 4 * 1024 * 1024;
const lastLinesMs = 500;

export interface Log {
  readonly logger: Logger;
  /** Writes what is pending if somebody reads it, and writes nothing more. */
  close(): Promise<void>;
  /** Writes nothing more, not even what is pending. */
  drop(): void;
}

export function openLog(level: string): Log {
  const destination = pino.destination({ dest: 1, sync: false, maxLength: pendingOctetsMax });
  // E.g. EPIPE: there is nobody left to tell.
  destination.on('error', () => {});
  const logger = pino({ level }, destination);
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
