// The files of zones as operators see them: what is served of each, what is wrong with it and where, and which
// registered instances it hides.

/** One fault; `line` and `column` count from 1, `column` in octets. */
export interface ZoneFileFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface HiddenApp {
  readonly env: string;
  readonly appid: string;
  /** Instances that some name of the file hides. */
  readonly instances: number;
}

export interface ZoneFileStatus {
  /** As the server reads it. */
  readonly file: string;
  /** With a final dot; undefined: the name of the file is not one of a zone. */
  readonly zone: string | undefined;
  readonly state: 'good' | 'refused' | 'deleted';
  /** Of this file: itself, its last good version, SERVFAIL in its place, or nothing. */
  readonly serves: 'file' | 'last good version' | 'SERVFAIL' | 'nothing';
  /** Of the zone that is served. */
  readonly serial: number | undefined;
  readonly records: number | undefined;
  /** Why it is refused. */
  readonly faults: readonly ZoneFileFault[];
  readonly hidden: readonly HiddenApp[];
}
