// Keys pressed while a table is on the screen: scrolling and leaving. The terminal is read key by key for that long, and put
// back at the end, also before the process is stopped with Ctrl-Z.
// Limits: a process in the background of its shell reads none, since the kernel would stop it for trying.

import { readFileSync } from 'node:fs';

/** What process.stdin has where it is a terminal. */
interface TerminalInput {
  setRawMode(isRaw: boolean): unknown;
  on(event: 'data', listener: (octets: Buffer) => void): unknown;
  off(event: 'data', listener: (octets: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface Keyboard extends TerminalInput {
  /** Whether what is typed goes to us. */
  isOurs(): boolean;
  /** Stops the process as Ctrl-Z does, until the shell lets it go on. */
  suspend(): void;
}

/** `suspended`: Ctrl-Z; when the process goes on, there are the shell's lines on the screen. */
export type Key = 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end' | 'quit' | 'interrupt' | 'suspended';

const keys: ReadonlyMap<string, Key | 'suspend'> = new Map([
  ['\u001b[A', 'up'],
  ['\u001bOA', 'up'],
  ['k', 'up'],
  ['\u001b[B', 'down'],
  ['\u001bOB', 'down'],
  ['j', 'down'],
  ['\u001b[5~', 'page-up'],
  ['b', 'page-up'],
  ['\u001b[6~', 'page-down'],
  [' ', 'page-down'],
  ['\u001b[H', 'home'],
  ['\u001b[1~', 'home'],
  ['\u001bOH', 'home'],
  ['g', 'home'],
  ['\u001b[F', 'end'],
  ['\u001b[4~', 'end'],
  ['\u001bOF', 'end'],
  ['G', 'end'],
  ['q', 'quit'],
  ['\u0003', 'interrupt'],
  ['\u0004', 'quit'],
  ['\u001a', 'suspend'],
]);

/** An escape sequence (ESC is octet 27), or one character. */
const keyRule = new RegExp(String.raw`${'\u001b'}(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]`, 'g');

/** The keyboard of the terminal that we were started from. */
export function keyboardOf(input: TerminalInput, suspend: () => void): Keyboard {
  return {
    setRawMode: (isRaw) => input.setRawMode(isRaw),
    on: (event, listener) => input.on(event, listener),
    off: (event, listener) => input.off(event, listener),
    resume: () => input.resume(),
    pause: () => input.pause(),
    isOurs: isInForeground,
    suspend,
  };
}

/** Hears keys until the function that it gives back is called. */
export function listenToKeys(keyboard: Keyboard, heard: (key: Key) => void): () => void {
  if (!keyboard.isOurs()) return () => {};
  const suspend = (): void => {
    keyboard.setRawMode(false);
    process.once('SIGCONT', () => {
      if (keyboard.isOurs()) keyboard.setRawMode(true);
    });
    // Before: timers are due first when the process goes on.
    heard('suspended');
    keyboard.suspend();
  };
  const onData = (octets: Buffer): void => {
    for (const [typed] of octets.toString('latin1').matchAll(keyRule)) {
      const key = keys.get(typed);
      if (key === 'suspend') suspend();
      else if (key !== undefined) heard(key);
    }
  };
  keyboard.setRawMode(true);
  keyboard.on('data', onData);
  keyboard.resume();
  return () => {
    keyboard.off('data', onData);
    keyboard.pause();
    keyboard.setRawMode(false);
  };
}

/** Whether the terminal's foreground is our process group, as far as the system knows: proc_pid_stat(5), fields 5 and 8. */
function isInForeground(): boolean {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[5] === '-1' || fields[2] === fields[5];
  } catch {
    return true;
  }
}
