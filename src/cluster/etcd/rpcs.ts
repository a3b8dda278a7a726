// The calls of etcd's that rollcall makes, and the numbers that their messages use where etcd has enumerations.

import { rpcOf } from '../../runtime/rpc.ts';
import { Auth } from './generated/auth_pb.ts';
import { KV } from './generated/kv_pb.ts';
import { Lease } from './generated/lease_pb.ts';
import { Maintenance } from './generated/maintenance_pb.ts';
import { Watch } from './generated/watch_pb.ts';

export const rpcs = {
  range: rpcOf(KV.method.range),
  txn: rpcOf(KV.method.txn),
  watch: rpcOf(Watch.method.watch),
  grant: rpcOf(Lease.method.leaseGrant),
  revoke: rpcOf(Lease.method.leaseRevoke),
  keepAlive: rpcOf(Lease.method.leaseKeepAlive),
  authenticate: rpcOf(Auth.method.authenticate),
  status: rpcOf(Maintenance.method.status),
  alarm: rpcOf(Maintenance.method.alarm),
} as const;

export const compareResult = { equal: 0 } as const;
export const compareTarget = { create: 1, mod: 2, lease: 4 } as const;
export const eventType = { put: 0, delete: 1 } as const;
export const alarmType = { noSpace: 1 } as const;
export const alarmAction = { get: 0 } as const;
