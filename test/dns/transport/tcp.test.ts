// The stream transport on Node's own sockets.

import { listenTcp } from '../../../src/dns/transport/tcp.ts';
import { describeTcp } from '../sockets/tcp-contract.ts';

describeTcp(listenTcp);
