// Why an address cannot be opened, for a person: one sentence with what, where and why.

interface ListenFailure {
  readonly failed: { readonly host: string; readonly port: number };
  readonly error: NodeJS.ErrnoException;
}

const reasons = new Map([
  ['EADDRINUSE', 'another program uses this port'],
  ['EACCES', 'ports below 1024 need the capability CAP_NET_BIND_SERVICE'],
  ['EADDRNOTAVAIL', 'this machine has no such address'],
  ['ENOTFOUND', 'there is no host of this name'],
]);

/** `what`: `DNS`, `HTTP`. */
export function listenProblem(what: string, { failed, error }: ListenFailure): { readonly problem: string } {
  const { host, port } = failed;
  const where = `${what} on ${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { problem: `Cannot listen for ${where}: ${reasons.get(error.code ?? '') ?? error.message}` };
}
