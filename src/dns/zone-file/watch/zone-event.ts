// What happens to the files of zones while the server runs: each event once.

import type { Name } from '../../message/name.ts';
import type { Zone } from '../../zone/zone.ts';
import type { ZoneFault } from '../fault.ts';

/** What became of a changed file. Whatever is not `loaded` leaves what is served as it is. */
export type ZoneEvent =
  /** To be put in place at once. `isMended`: what came before it was refused or deleted. */
  | {
      readonly kind: 'loaded';
      readonly path: string;
      readonly zone: Zone;
      /** Of the text that it was made from. */
      readonly digest: string;
      readonly isNew: boolean;
      readonly isMended: boolean;
    }
  /** What was refused or deleted is again what is served. */
  | { readonly kind: 'mended'; readonly path: string }
  /** `isServed`: there is a last good version. `apex`: of a zone that has none, and that no other file has. */
  | {
      readonly kind: 'refused';
      readonly path: string;
      readonly faults: readonly ZoneFault[];
      readonly isServed: boolean;
      readonly apex?: Name | undefined;
    }
  /** Its zone is served on for a grace. */
  | { readonly kind: 'deleted'; readonly path: string }
  /** The grace is over, or a deleted file had no zone but SERVFAIL: to be taken out. */
  | { readonly kind: 'released'; readonly path: string; readonly apex: Name }
  /** A folder is not watched: changes in it are noticed late. */
  | { readonly kind: 'unwatched'; readonly path: string; readonly reason: string };
