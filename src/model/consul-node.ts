// A node of Consul's catalog, as DNS has it.

export interface ConsulNode {
  /** Folded; it may have dots. */
  readonly name: string;
  /** IP addresses as text; undefined: the node is there no more. */
  readonly addresses: readonly string[] | undefined;
}
