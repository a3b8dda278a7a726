// A line end after every JSON reply, so that a shell's prompt is not behind it. White space after a JSON text means nothing
// (RFC 8259 §2).
// Limits: texts alone; streams and what is sent beside the router write their own.

import type { FastifyInstance } from 'fastify';

/** Behind all other hooks that may replace a payload. */
export function endJsonWithNewline(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, payload: unknown, done) => {
    const type = reply.getHeader('content-type');
    const isJson = typeof payload === 'string' && typeof type === 'string' && /^application\/(\S+\+)?json\b/.test(type);
    if (!isJson || payload === '' || payload.endsWith('\n')) return done();
    // Fastify counts again.
    reply.removeHeader('content-length');
    done(null, `${payload}\n`);
  });
}
