// The composition root: read it top to bottom. Builds every part, hands each what it needs of another as a function, makes
// the table of subscribers, and starts and stops everything; what has been opened is closed in the opposite order.
// Nothing is kept in a module: two apps can run in one process, as the tests do.

import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { createControl } from '../control/control.ts';
import { DecisionLog } from '../control/decision-log.ts';
import { LongPolls } from '../control/long-poll.ts';
import { defaultThreads } from '../dns/plane/plane.ts';
import { ZoneTable } from '../dns/zone/zone-table.ts';
import { formatFault } from '../dns/zone-file/fault.ts';
import { type LoadedZones, loadZones } from '../dns/zone-file/load.ts';
import { ZoneWatch } from '../dns/zone-file/watch/zone-watch.ts';
import { zonesDigestOf } from '../dns/zone-file/zone-source.ts';
import { Health } from '../health/health.ts';
import { ChangeLog } from '../history/change-log.ts';
import { LogRecorder } from '../history/log-recorder.ts';
import { type Listen, listenHttp } from '../http/server/listen.ts';
import { createHttpServer } from '../http/server/server.ts';
import { Watchers } from '../http/watch/watchers.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { Life } from '../model/life.ts';
import { Registry } from '../registry/registry.ts';
import type { Clock } from '../runtime/clock.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { version } from '../runtime/version.ts';
import { openPersistence, type Persistence } from '../store/persistence.ts';
import { layZones, openDataPlane } from './data-plane.ts';
import { logEviction } from './eviction-log.ts';
import { fdBudget } from './fd-budget.ts';
import { GuardLog } from './guard-log.ts';
import { LeaseTimer } from './lease-timer.ts';
import { limits } from './limits.ts';
import { listenProblem } from './listen-problem.ts';
import { startClock } from './process-clock.ts';
import { recovering } from './recovery.ts';
import { recoveredBy, subscribers } from './subscribers.ts';
import { zoneReload } from './zone-reload.ts';

PLACEHOLDER
