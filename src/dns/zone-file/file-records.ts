// The records of a zone's file with the place of each, packed: a parser adds them, the checks look at them, and what
// is left of them when all is well is the zone's record table. Places are dropped with the rest.

import { NumberRows } from '../../runtime/packed/number-rows.ts';
import type { Rdata } from '../message/message.ts';
import type { Name } from '../message/name.ts';
import { RecordTable } from '../zone/record-table.ts';
import type { ZoneRecord } from '../zone/zone.ts';
import type { FaultSource, SourcePosition } from './fault.ts';

/** A record and its position in the file. */
export interface FileRecord extends ZoneRecord, SourcePosition {
  readonly source: FaultSource;
}

const LINE = 0;
const COLUMN = 1;
const SOURCE = 2;
const fieldCount = 3;

export class FileRecords {
  readonly table: RecordTable;
  readonly #places = new NumberRows(fieldCount);
  readonly #sources: FaultSource[] = [];
  /** Of each record, the number of its owner. */
  readonly #owners = new NumberRows(1);

  constructor(apex: Name) {
    this.table = new RecordTable(apex);
  }

  /** Notes a file whose records come next. */
  from(source: FaultSource): void {
    if (this.#sources.at(-1) !== source) this.#sources.push(source);
  }

  /** `owner` is folded. */
  add(owner: Name, type: number, ttl: number, rdata: Rdata, { line, column }: SourcePosition): void {
    this.#owners.set(this.#owners.add(), 0, this.table.add(owner, type, ttl, rdata));
    const row = this.#places.add();
    this.#places.set(row, LINE, line);
    this.#places.set(row, COLUMN, column);
    this.#places.set(row, SOURCE, this.#sources.length - 1);
  }

  /** The number of a record's owner. */
  owner(record: number): number {
    return this.#owners.get(record, 0);
  }

  record(record: number): FileRecord {
    const { table } = this;
    return {
      owner: table.names.name(this.owner(record)),
      type: table.type(record),
      ttl: table.ttl(record),
      rdata: table.rdata(record),
      source: this.#sources[this.#places.get(record, SOURCE)] as FaultSource,
      line: this.#places.get(record, LINE),
      column: this.#places.get(record, COLUMN),
    };
  }

  /** All records in the order of the text. */
  *[Symbol.iterator](): Generator<FileRecord> {
    for (let record = 0; record < this.table.length; record++) yield this.record(record);
  }
}
