// Names of ports that HTTPS and SVCB records are made of. An HTTPS record makes clients use TLS, even for an http URL
// (RFC 9460 §9.5): of a plain `http` port it would lead them to where nobody speaks it.

export const httpsPorts: ReadonlySet<string> = new Set(['https']);
export const svcbPorts: ReadonlySet<string> = new Set(['http', 'https']);
