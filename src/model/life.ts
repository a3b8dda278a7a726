// The identity of one life of the registry: all the time in which its revisions count on without going back. It is made
// with the data folder, or at each start where nothing is kept. Ids of events, entity tags and indexes carry it
// (`LIFE-N`), so that a number of another life is not taken for one of this; a bare number means this life.

/** The header of replies that names the life: replies with one life come from one registry, whichever node has sent them. */
export const registryHeader = 'rollcall-registry';

const form = /^(?:([a-z0-9]{1,16})-)?(\d{1,16})$/;
const tokenForm = /^[a-z0-9]{1,16}$/;

export class Life {
  #token: string;
  #registry: string;

  constructor(token: string) {
    this.#token = token;
    this.#registry = token;
  }

  /** Of the registry that this node shows, no matter which part counts its revisions. */
  get registry(): string {
    return this.#registry;
  }

  get token(): string {
    return this.#token;
  }

  /** Of the cluster that this node joins, before anything is answered. */
  adopt(token: string): void {
    this.#token = token;
    this.#registry = token;
  }

  /** A node that is cut off from its cluster counts by itself: other nodes do not know its numbers. */
  countAlone(token: string): void {
    this.#token = token;
  }

  /** `LIFE-N` of a revision. */
  textOf(revision: number): string {
    return `${this.token}-${revision}`;
  }

  /** The revision that a text means; `other`: of another life; undefined: the text is neither form. */
  revisionOf(text: string): number | 'other' | undefined {
    const [, token, digits] = form.exec(text) ?? [];
    if (digits === undefined) return undefined;
    const revision = Number(digits);
    if (!Number.isSafeInteger(revision)) return undefined;
    return token === undefined || token === this.token ? revision : 'other';
  }
}

export function isLifeToken(text: string): boolean {
  return tokenForm.test(text);
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** A token from random octets: eight of them give 40 random bits. */
export function lifeTokenFrom(octets: Uint8Array): string {
  return Array.from(octets, (octet) => alphabet[octet % alphabet.length]).join('');
}
