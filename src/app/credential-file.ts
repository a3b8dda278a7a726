// The credentials in force: those of the settings, and those of the token file, which is read again when it changes and at
// SIGHUP. A file with a fault is named with all its faults, and the last good one stays in use; so does one that has gone.
// It is read once it was the same for two looks: editors and tools write in several steps.

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { readCredentials } from '../config/credential-file.ts';
import { readFile } from '../config/read-file.ts';
import type { CredentialList, CredentialSource } from '../model/credential.ts';
import { exposureOf } from '../runtime/exposed-file.ts';
import { fileCheckMs, fileState } from '../runtime/file-state.ts';

export type CredentialSettings = Pick<Config, 'tokenFile' | 'ownTokens' | 'credentials'>;

/** What has been given to the process as an open descriptor was read, and cannot be read again. */
const descriptorPath = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|\d+)\/fd\/\d+)$/;

export class CredentialFile implements CredentialSource {
  readonly #settings: CredentialSettings;
  readonly #path: string | undefined;
  readonly #logger: Logger;
  readonly #listeners: (() => void)[] = [];
  #current: CredentialList;
  #readState: string;
  #seenState: string;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: CredentialSettings, logger: Logger) {
    const { tokenFile: path } = settings;
    this.#settings = settings;
    this.#path = path === undefined || descriptorPath.test(path) ? undefined : path;
    this.#logger = logger;
    this.#current = settings.credentials;
    this.#readState = this.#path === undefined ? '' : fileState(this.#path);
    this.#seenState = this.#readState;
    this.#warnOfExposure();
  }

  get current(): CredentialList {
    return this.#current;
  }

  /** What the file holds now was refused; `current` is from before. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Looks at the file, and reads it where it has changed and was the same at the last look. */
  check(): void {
    if (this.#path === undefined) return;
    const state = fileState(this.#path);
    const isSettled = state === this.#seenState;
    this.#seenState = state;
    if (isSettled && state !== this.#readState) this.#read(this.#path, state);
  }

  /** Reads the file now, changed or not: for SIGHUP. */
  reload(): void {
    if (this.#path !== undefined) this.#read(this.#path, fileState(this.#path));
  }

  /** Checks from now on; keeps no process alive. */
  watch(): void {
    if (this.#path !== undefined) this.#timer ??= setInterval(() => this.check(), fileCheckMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #warnOfExposure(): void {
    const exposure = this.#path === undefined ? undefined : exposureOf(this.#path);
    if (exposure === undefined) return;
    const { mode, text } = exposure;
    this.#logger.warn({ file: this.#path, mode }, `The token file is not private: ${text}`);
  }

  #read(path: string, state: string): void {
    this.#readState = state;
    this.#seenState = state;
    this.#warnOfExposure();
    const file = readFile(path);
    const reason = file.kind === 'missing' ? 'there is no such file' : file.kind === 'unreadable' ? file.reason : '';
    const outcome =
      file.kind === 'text' ? readCredentials(file.text, this.#settings.ownTokens) : { problems: [reason] };
    this.#isFailing = 'problems' in outcome;
    if ('problems' in outcome) {
      const { problems } = outcome;
      this.#logger.warn(
        { file: path, problems },
        'Cannot use the new token file: the credentials before stay in force',
      );
      return;
    }
    this.#current = outcome.value;
    for (const listener of this.#listeners) listener();
    const count = outcome.value.credentials.length;
    this.#logger.info({ file: path, credentials: count }, 'the token file has changed: its credentials are in force');
  }
}
