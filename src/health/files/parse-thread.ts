// A thread that reads one service file and ends: see parse-apart.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { parseServiceFile } from './service-file.ts';

parentPort?.postMessage(parseServiceFile(workerData.text, workerData.defaults));
