// What is wrong with a zone file, and where. A message has what, why and the value; a value is cut and escaped, so
// that neither a huge token nor a control character reaches a terminal or a log. Text of an included file is never
// quoted: an $INCLUDE that hits a secret must not print it (reference: faults-and-security S15).
// Limits: faultsMax faults a zone; shownCharactersMax characters of a value.

/** One fault; `line` and `column` count from 1, `column` in octets. */
export interface ZoneFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A file as far as messages care. `quotable`: its text may be shown (the zone's own file, not an included one). */
export interface FaultSource {
  readonly path: string;
  readonly quotable: boolean;
}

/** A place in a file. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Enough to see a pattern; a binary file named *.zone does not flood the log. */
export const faultsMax = 100;
/** A longer value is of no more use in a message. */
export const shownCharactersMax = 64;

/** `file:line:column: message`, as compilers print it; octets of the file name that are not printable are escaped. */
export function formatFault(fault: ZoneFault): string {
  return `${escaped(fault.file)}:${fault.line}:${fault.column}: ${fault.message}`;
}

/** `value` in quotes, cut and escaped. One character per octet. */
export function printable(value: string): string {
  const cut = value.length > shownCharactersMax ? `${value.slice(0, shownCharactersMax)}...` : value;
  return `"${escaped(cut)}"`;
}

function escaped(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to go
    /[\u0000-\u001f\u007f-\u00a0]/g,
    (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`,
  );
}

/** The faults of one zone, up to the limit. */
export class FaultList {
  readonly #faults: ZoneFault[] = [];

  /** Notes a fault. `value`, a `role` of it in front, is shown only where the file may be quoted. */
  add(source: FaultSource, at: SourcePosition, what: string, value?: string, role = 'received'): void {
    if (this.isFull) return;
    const last = this.#faults.length === faultsMax - 1;
    const text = value === undefined || !source.quotable ? what : `${what}, ${role} ${printable(value)}`;
    const message = last ? `more than ${faultsMax - 1} faults: the rest of the zone is not looked at` : text;
    this.#faults.push({ file: source.path, line: at.line, column: at.column, message });
  }

  get isFull(): boolean {
    return this.#faults.length >= faultsMax;
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  get all(): readonly ZoneFault[] {
    return this.#faults;
  }
}
