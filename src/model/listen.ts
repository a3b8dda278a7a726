// An address to listen at, and why it could not be opened: of settings, of DNS transports and of the HTTP plane alike.

/** An address of this machine; an IPv6 host is without brackets, port 0 means any free one. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

/** An address that could not be opened, and the operating system's error. */
export interface ListenFailure {
  readonly failed: Listen;
  readonly error: NodeJS.ErrnoException;
}
