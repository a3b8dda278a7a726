// What the gRPC server for clients of Nacos counts, for metrics.

export interface NacosGrpcCounts {
  /** Open ones, of clients and of others. */
  readonly connections: number;
  /** That have introduced themselves. */
  readonly clients: number;
  readonly subscriptions: number;
  /** Lists that were pushed. */
  readonly pushes: number;
  /** By type, of those that are answered here, and `other`. */
  requests(): Iterable<{ readonly type: string; readonly result: 'done' | 'refused'; readonly count: number }>;
}
