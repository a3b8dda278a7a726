// Reports the state of the service to systemd (sd_notify(3)): ready, alive, stopping. Node has no datagram sockets of AF_UNIX, so the
// C library is called through koffi; where that cannot be had, the program `systemd-notify` sends it, at the price of a
// process a message. Without NOTIFY_SOCKET, that is outside of a unit of Type=notify, nothing is sent.
// The watchdog (WATCHDOG_USEC) is fed at a third of its time, and only after `isAlive` has resolved: a hung event loop or
// DNS thread starves it, and systemd then ends the process and starts another.
// Limits: a message that cannot be sent is dropped; the next one has the same content. `systemd-notify` runs once at a time.

import { execFile } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceNotify {
  /** `READY=1`, and feeds the watchdog from then on. */
  ready(isAlive: () => Promise<void>): Promise<void>;
  stopping(): Promise<void>;
}

type Send = (message: string) => Promise<void>;

const silent: ServiceNotify = { ready: async () => {}, stopping: async () => {} };

export async function openServiceNotify(env: Environment, onFault: (reason: string) => void): Promise<ServiceNotify> {
  const path = env['NOTIFY_SOCKET'];
  if (path === undefined || !/^[/@]/.test(path)) return silent;
  const send = (await sendThroughLibC(path)) ?? sendThroughProgram(onFault);
  const everyMs = watchdogMs(env) / 3;
  let timer: NodeJS.Timeout | undefined;
  return {
    async ready(isAlive) {
      await send('READY=1');
      if (!(everyMs > 0)) return;
      let isAsking = false;
      timer = setInterval(() => {
        if (isAsking) return;
        isAsking = true;
        void isAlive()
          .then(() => send('WATCHDOG=1'))
          .catch(() => {})
          .finally(() => {
            isAsking = false;
          });
      }, everyMs);
      timer.unref();
    },
    async stopping() {
      await send('STOPPING=1');
    },
  };
}

/** 0: no watchdog, or one for another process. */
function watchdogMs(env: Environment): number {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid = '' } = env;
  if (pid !== '' && pid !== String(process.pid)) return 0;
  return /^\d{1,15}$/.test(microseconds) ? Number(microseconds) / 1000 : 0;
}

const familyUnix = 1;
/** SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, on x86-64 and 64-bit ARM. */
const datagramSocket = 2 | 0o2000000 | 0o4000;
const noSignal = 0x4000;
/** sockaddr_un: a family and a path. */
const pathOctetsMax = 107;

/** Undefined: it cannot be had here. */
async function sendThroughLibC(path: string): Promise<Send | undefined> {
  const octets = Buffer.from(path);
  if (octets.length > pathOctetsMax || process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const socket = library.func('int socket(int, int, int)');
    const sendto = library.func('int64_t sendto(int, void *, uint64_t, int, void *, uint32_t)');
    const fd = socket(familyUnix, datagramSocket, 0) as number;
    if (fd < 0) return undefined;
    // A name of the abstract namespace begins with a zero octet, written as @.
    if (octets[0] === 0x40) octets[0] = 0;
    const address = Buffer.concat([Buffer.from([familyUnix, 0]), octets]);
    return async (message) => {
      const bytes = Buffer.from(message);
      sendto(fd, bytes, bytes.length, noSignal, address, address.length);
    };
  } catch {
    return undefined;
  }
}

function sendThroughProgram(onFault: (reason: string) => void): Send {
  let hasFailed = false;
  let last: Promise<void> = Promise.resolve();
  return (message) => {
    last = last.then(
      () =>
        new Promise((resolve) => {
          execFile('systemd-notify', [message], { timeout: 5000 }, (error) => {
            if (error !== null && !hasFailed) {
              hasFailed = true;
              onFault(error.message.split('\n', 1)[0] as string);
            }
            resolve();
          });
        }),
    );
    return last;
  };
}
