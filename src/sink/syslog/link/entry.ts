import type { LedgerEntry } from '../../ledger.ts';
import type { DeliveryRef } from '../../sink.ts';
import type { Connection } from './transport.ts';

/** A delivery, and the connection that carries it. */
export type Entry<M extends DeliveryRef> = LedgerEntry<M, Connection>;
