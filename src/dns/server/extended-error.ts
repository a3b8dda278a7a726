// Extended DNS errors (RFC 8914): every answer that is empty, cut or refused has a reason, in words for the person who
// looks. Codes are of the RFC's registry; most of our reasons have none of their own and go under "Other".

import { type Answer, type ExtendedError, Rcode, type Reason, RRType, reasonText } from '../message/message.ts';

const code = {
  other: 0,
  stale: 3,
  notReady: 14,
  prohibited: 18,
  notAuthoritative: 20,
  notSupported: 21,
  invalidData: 24,
} as const;

/** Octets of a text: what an answer can always spare. Reasons are ASCII; names in them are escaped. */
const textOctetsMax = 160;

/**
 * The error for an rcode that was chosen before any data was looked at. Without text where the source of
 * the request may be forged: a refusal must not be longer than what it refuses, or it serves to flood others.
 */
const ofRefusal = new Map<number, ExtendedError>([
  [Rcode.SERVFAIL, { code: code.notReady, text: 'the registry has not restored its state yet' }],
  [Rcode.NOTIMP, { code: code.notSupported, text: '' }],
  [Rcode.REFUSED, { code: code.notSupported, text: '' }],
  [Rcode.NOTAUTH, { code: code.notSupported, text: '' }],
]);

/** A bug was met: the error of a refusal with the same rcode would be wrong here. */
export const errorOfFault: ExtendedError = { code: code.other, text: '' };

/** The client's network may not ask here. */
export const errorOfDenial: ExtendedError = { code: code.prohibited, text: '' };

export function errorOfRefusal(rcode: number): ExtendedError | undefined {
  return ofRefusal.get(rcode);
}

/** Undefined for a full answer of what was asked for. */
export function errorOfAnswer(answer: Answer, isTruncated: boolean): ExtendedError | undefined {
  if (answer.rcode === Rcode.REFUSED) return { code: code.notAuthoritative, text: '' };
  if (isTruncated) return { code: code.other, text: 'cut to fit: ask over TCP' };
  const { caveat } = answer;
  if (caveat?.kind === 'stale') return { code: code.stale, text: cut(caveat.reason) };
  if (caveat?.kind === 'hidden' || caveat?.kind === 'unproven') return { code: code.other, text: cut(caveat.reason) };
  if (caveat?.kind === 'invalid') return { code: code.invalidData, text: cut(reasonText(answer.reason)) };
  // An SOA means that there is nothing, also at the end of aliases.
  const isEmpty = answer.rcode !== Rcode.NOERROR || answer.authority.some(({ type }) => type === RRType.SOA);
  if (isEmpty) return errorFor(answer.reason);
  // At once, since the answer is kept, and its instances should not be kept with it.
  return caveat === undefined ? undefined : errorFor(reasonText(answer.reason));
}

function errorFor(reason: Reason): ExtendedError {
  return typeof reason === 'string' ? { code: code.other, text: cut(reason) } : new LateError(reason);
}

/** The reason of an answer, which is put into words when the first client asks that has room for them. */
class LateError implements ExtendedError {
  readonly code = code.other;
  readonly #reason: Reason;
  #text: string | undefined;

  constructor(reason: Reason) {
    this.#reason = reason;
  }

  get text(): string {
    this.#text ??= cut(reasonText(this.#reason));
    return this.#text;
  }
}

function cut(text: string): string {
  return text.length > textOctetsMax ? `${text.slice(0, textOctetsMax - 3)}...` : text;
}
