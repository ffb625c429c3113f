import type { LedgerEntry } from '../../ledger.ts';
import type { Mark } from '../../sink.ts';
import type { Connection } from './transport.ts';

/** A delivery, and the connection that carries it. */
export type Entry<M extends Mark> = LedgerEntry<M, Connection>;
