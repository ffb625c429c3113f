/**
 * What the daemon has of the machine that it runs on: time and chance, connections to the log service and to
 * receivers, and the disk of dead letters. A simulation brings another machine.
 */
import { type Clock, systemClock } from '../core/time/clock.ts';
import { type Files, systemFiles } from '../dead-letter/files.ts';
import { type Network, systemNetwork } from '../sink/network.ts';
import type { OpenHttp } from '../sls/transport.ts';

export interface Machine {
  readonly clock: Clock;
  /** Absent: undici's pools. */
  readonly openHttp?: OpenHttp;
  readonly network: Network;
  readonly files: Files;
}

export const thisMachine: Machine = { clock: systemClock, network: systemNetwork, files: systemFiles };
