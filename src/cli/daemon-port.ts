/** What the command line needs of the daemon, so that it can be tried with any other. */
export type { Daemon, DaemonOptions, ExitSummary } from '../daemon.ts';

import type { Daemon, DaemonOptions } from '../daemon.ts';

export type CreateDaemon = (options: DaemonOptions) => Daemon;
