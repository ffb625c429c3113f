import type { FlowPlan } from './model/flows.ts';
import type { Reading } from './reading.ts';
import type { TlsFilesGiven } from './sources/tls-files.ts';

/** How one flow's settings came about. */
export interface FlowReading {
  readonly plan: FlowPlan;
  readonly reading: Reading;
  readonly tlsFiles: TlsFilesGiven;
}
