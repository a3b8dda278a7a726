// Where clients of Nacos 2.x and 3.x find gRPC: at the setting `nacosGrpc`, otherwise 1000 above each port of the HTTP listener,
// which is where those clients look. Loaded only where the adapter is switched on: gRPC takes its time.

import type { Config } from '../config/config.ts';
import type { Control } from '../control/control.ts';
import type { CreatedServices } from '../http/adapters/nacos/created-services.ts';
import type { FindPrincipal } from '../http/auth/auth.ts';
import type { Listen, ListenFailure } from '../model/listen.ts';
import type { NacosGrpcCounts } from '../model/nacos-grpc-counts.ts';
import type { Clock } from '../runtime/clock.ts';
import { fdBudget } from './fd-budget.ts';
import type { Tls } from './tls.ts';

const nacosGrpcOffset = 1000;

interface NacosGrpcParts {
  readonly control: Control;
  readonly http: { readonly findPrincipal: FindPrincipal };
  readonly nacosServices: CreatedServices;
  readonly clock: Clock;
  readonly tls: Tls | undefined;
}

export interface OpenNacosGrpc {
  readonly listens: readonly Listen[];
  readonly counts: NacosGrpcCounts;
  close(): void;
}

/** Undefined: the adapter is off, or gRPC is. `http`: with the ports that were given for port 0. */
export async function openNacosGrpc(
  config: Config,
  { control, http, nacosServices, clock, tls }: NacosGrpcParts,
): Promise<OpenNacosGrpc | ListenFailure | undefined> {
  const listens = config.nacosGrpc ?? config.http.map(grpcBeside);
  if (!config.adapters.includes('nacos') || listens.length === 0) return undefined;
  const { NacosGrpc } = await import('../http/adapters/nacos/grpc/nacos-grpc.ts');
  const opened = await NacosGrpc.open(
    {
      control,
      services: nacosServices,
      clock,
      defaults: { leaseSeconds: config.leaseSeconds, dnsTtl: config.dnsTtlSeconds },
      env: config.adapterEnv,
      findPrincipal: http.findPrincipal,
      tls,
      ...fdBudget(config).nacosGrpc,
    },
    listens,
  );
  if ('failed' in opened) return opened;
  const { grpc } = opened;
  return {
    listens: opened.listens,
    get counts() {
      return grpc.counts;
    },
    close: () => grpc.close(),
  };
}

/** Port 0 is any free one here too. */
function grpcBeside({ host, port }: Listen): Listen {
  return { host, port: port === 0 ? 0 : port + nacosGrpcOffset };
}
