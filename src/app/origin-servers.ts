// The name servers of the origin in a cluster, where no file has that zone: those of all nodes that have a session, so that
// each node delegates to the others as well. While nothing is known of others the zone is the one that every node makes for
// itself.

import type { Logger } from 'pino';
import { name, parseName, ROOT } from '../dns/message/name.ts';
import { makeOriginZone } from '../dns/services/made-zone.ts';
import type { Zone } from '../dns/zone/zone.ts';
import type { NodeDns } from '../model/cluster-status.ts';

export interface OriginServersDeps {
  readonly origin: string;
  readonly negativeTtlSeconds: number;
  /** Whether a file has the zone of the origin now. */
  readonly isOfFile: () => boolean;
  /** Puts the zone in place, here and in the DNS threads. */
  readonly serve: (zone: Zone) => void;
  readonly logger: Pick<Logger, 'info'>;
}

export class OriginServers {
  readonly #deps: OriginServersDeps;
  #servers: readonly NodeDns[] = [];

  constructor(deps: OriginServersDeps) {
    this.#deps = deps;
  }

  changed(servers: readonly NodeDns[]): void {
    this.#servers = servers;
    this.show();
  }

  /** To be called when the file of the origin is gone, too: the zone that is made then knows one node. */
  show(): void {
    const { origin, negativeTtlSeconds, isOfFile, serve, logger } = this.#deps;
    if (this.#servers.length === 0 || isOfFile()) return;
    const servers = this.#servers.flatMap(({ server, addresses }) => {
      // What another node wrote may be no name.
      const nameServer = parseName(server, ROOT);
      return typeof nameServer === 'string' ? [{ nameServer, hosts: addresses }] : [];
    });
    if (servers.length === 0) return;
    serve(makeOriginZone(name(origin), servers, negativeTtlSeconds));
    logger.info({ zone: origin, servers: this.#servers }, 'the name servers of the origin are those of the nodes');
  }
}
