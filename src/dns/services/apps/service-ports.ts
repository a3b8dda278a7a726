// Port names that HTTPS and SVCB records are made of. An HTTPS record makes clients use TLS, even for an http URL
// (RFC 9460 §9.5): of a plain `http` port it would lead them to a port without TLS.

export const httpsPortNames: ReadonlySet<string> = new Set(['https']);
export const svcbPortNames: ReadonlySet<string> = new Set(['http', 'https']);
