// An HTTP server that answers as a test scripts it, however wrong, and remembers its requests.

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';

export interface ScriptedReply {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ScriptedHttp {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly asked: readonly { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** A text as body goes out as it is, anything else as JSON. */
export async function scriptedHttp(script: (path: string) => ScriptedReply): Promise<ScriptedHttp> {
  const asked: { method: string; path: string; headers: IncomingHttpHeaders }[] = [];
  const server: Server = createServer(({ method = '', url = '', headers: given }, response) => {
    asked.push({ method, path: url, headers: given });
    const { status = 200, body, headers = {} } = script(url);
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
