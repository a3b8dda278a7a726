// The way in: `/` for people and for programs, the pages and their files, the policy they come with. The files are of the
// test; what is built from the sources is tried in a browser (test/console).

import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { addConsole } from '../../../src/http/console/console.ts';
import { type Files, removeScratch, scratch } from '../../kit/process/scratch.ts';

const files: Files = {
  'built/index.html': '<!doctype html><title>rollcall</title>',
  'built/docs.html': '<!doctype html><title>rollcall API</title>',
  'built/assets/main-1.js': 'export {};'.repeat(50),
  'built/assets/style-1.css': 'body{}',
  'built/assets/notes.txt': 'not for anybody',
};

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) removeScratch(folder);
});

function serve(given: Files = files, more?: (app: FastifyInstance) => void): FastifyInstance {
  folder = scratch(given);
  const app = fastify();
  more?.(app);
  const site = { packaged: `${folder}/built`, sources: `${folder}/none`, monotonicMs: () => 0 };
  addConsole(app, { version: '1.2.3', origin: 'svc.', dnsPort: 8053, site });
  return app;
}

describe('/', () => {
  test('leads a browser to the console, below the path that it came by', async () => {
    const reply = await serve().inject({ url: '/', headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect(reply.statusCode).toBe(302);
    expect(reply.headers.location).toBe('console/');
    expect(reply.headers['vary']).toBe('accept');
  });

  test.each(['*/*', 'application/json', undefined])(
    'gives a program that accepts %s the list of what is here',
    async (accept) => {
      const headers = accept === undefined ? {} : { accept };
      const reply = await serve().inject({ url: '/', headers });
      expect(reply.statusCode).toBe(200);
      expect(reply.json()).toMatchObject({
        name: 'rollcall',
        version: '1.2.3',
        origin: 'svc.',
        dnsPort: 8053,
        console: 'console/',
      });
      expect(reply.json()).not.toHaveProperty('queries');
    },
  );

  test('names calls that only some servers have, where this one has them', async () => {
    const app = serve(files, (server) => server.get('/api/v1/queries', () => ({})));
    expect((await app.inject('/')).json()).toMatchObject({ queries: 'api/v1/queries' });
  });
});

describe('pages', () => {
  test.each(['console', 'docs'])('/%s is led to its folder', async (page) => {
    const reply = await serve().inject(`/${page}`);
    expect([reply.statusCode, reply.headers.location]).toEqual([302, `${page}/`]);
  });

  test('come with a policy that allows nothing inline and nothing from elsewhere', async () => {
    const reply = await serve().inject('/console/');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = String(reply.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(reply.headers['cache-control']).toBe('no-cache');
  });

  test('are not sent twice', async () => {
    const app = serve();
    const { etag } = (await app.inject('/docs/')).headers;
    const again = await app.inject({ url: '/docs/', headers: { 'if-none-match': String(etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test.each([
    ['gzip, br', 'br'],
    ['gzip', 'gzip'],
    ['identity', undefined],
  ])('accepting %s they come as %s', async (accepted, encoding) => {
    const reply = await serve().inject({ url: '/console/assets/main-1.js', headers: { 'accept-encoding': accepted } });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-encoding']).toBe(encoding);
    expect(reply.headers['vary']).toBe('accept-encoding');
    expect(reply.headers['cache-control']).toContain('immutable');
    expect(reply.rawPayload.length < (files['built/assets/main-1.js'] as string).length).toBe(encoding !== undefined);
  });

  test.each([
    '/console/assets/none.js',
    '/console/assets/notes.txt',
    '/console/assets/..%2Findex.html',
    '/console/none',
  ])('%s is not there', async (url) => {
    expect((await serve().inject(url)).statusCode).toBe(404);
  });

  test('give the way to get them where they are missing', async () => {
    const reply = await serve({}).inject('/console/');
    expect(reply.statusCode).toBe(503);
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(reply.body).toContain('dist/console');
  });
});
