/** The command `sls-syslog run`: reads the configuration, logs it, and runs the daemon to its end. */
import { type Flags, type LoadedFlows, loadFlows } from '../config/load.ts';
import type { Flow } from '../config/model/config.ts';
import type { Surroundings } from '../config/model/derive.ts';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { CreateDaemon, Daemon } from '../daemon.ts';
import { createLogger, type LogOutput } from './logging/logging.ts';
import { descriptorsOfDaemon, scarceDescriptors } from './process/descriptors.ts';
import { describeProblems, type ExitCode, exitCodes } from './process/exit.ts';
import { type ProcessEvents, superviseDaemon } from './process/supervise.ts';

export interface RunContext {
  readonly surroundings: Surroundings;
  readonly createDaemon: CreateDaemon;
  readonly events: ProcessEvents;
  /** Called when the daemon is connected and a consumer of its group. */
  readonly onReady?: () => void;
  /** Writes to stderr, without blocking. */
  readonly writeError: (text: string) => void;
  /** Gets the daemon's log; absent: `writeError` does. */
  readonly logOutput?: LogOutput;
  /** Whether pretty logs have colours. */
  readonly colour: boolean;
}

/**
 * Resolves when the daemon has ended.
 * @returns 2 when the configuration is at fault, 0 when everything sent was confirmed and checkpointed, else 1
 */
export async function runDaemon(flags: Flags, context: RunContext): Promise<ExitCode> {
  const { surroundings, createDaemon, events, onReady, writeError, logOutput, colour } = context;
  const loaded = loadOrExplain(flags, surroundings, writeError);
  if (!loaded) return exitCodes.configuration;

  const { operation, effective, timeZones, warnings } = loaded;
  const { logLevel, logFormat, drainTimeoutMs } = operation;
  const log = createLogger({ level: logLevel, format: logFormat, colour, output: logOutput ?? { write: writeError } });
  log.info({ config: effective, timeZones }, 'sls-syslog starts');
  for (const warning of warnings) log.warn({}, warning);
  const scarce = scarceDescriptors(descriptorsOf(loaded.flows));
  if (scarce !== undefined) log.warn({}, scarce);
  return superviseDaemon({
    createDaemon: () =>
      createDaemon({ flows: loaded.flows, log, readFlows: () => loadFlows(flags, surroundings).flows }),
    reload: (daemon) => reload(daemon, () => loadFlows(flags, surroundings), log),
    drainTimeoutMs,
    log,
    events,
    onReady,
    writeError,
  });
}

/** Reloads at SIGHUP: files are read again; flags and environment stay as at the start. */
async function reload(daemon: Pick<Daemon, 'reload'>, load: () => LoadedFlows, log: Log): Promise<void> {
  try {
    const loaded = load();
    log.info({ config: loaded.effective, timeZones: loaded.timeZones }, 'reloading: the configuration is read again');
    for (const warning of loaded.warnings) log.warn({}, warning);
    await daemon.reload(loaded.flows);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { message, ...places } of error.problems) log.error(places, `reloading: ${message}`);
    log.error({ problems: error.problems.length }, 'reloading: the configuration is refused; nothing has changed');
  }
}

function descriptorsOf(flows: readonly Flow[]): number {
  const receivers = flows.map(({ config }) => 1 + (config.receiver.others?.length ?? 0));
  return descriptorsOfDaemon(
    new Set(flows.map(({ source }) => source)).size,
    receivers.reduce((sum, count) => sum + count, 0),
  );
}

function loadOrExplain(
  flags: Flags,
  surroundings: Surroundings,
  writeError: (text: string) => void,
): LoadedFlows | undefined {
  try {
    return loadFlows(flags, surroundings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    writeError(describeProblems(error.problems));
    return undefined;
  }
}
