/**
 * Loaded into the daemon with `--import`: how late its event loop was. SIGUSR2 writes {"p50Ms", "p99Ms", "p999Ms",
 * "maxMs"} since the last time to the file in BENCH_DELAY_FILE, and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;
const file = process.env.BENCH_DELAY_FILE;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
histogram.enable();

// What is recorded is the time between two turns of a timer of that resolution.
const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

process.on('SIGUSR2', () => {
  const delays = {
    p50Ms: late(histogram.percentile(50)),
    p99Ms: late(histogram.percentile(99)),
    p999Ms: late(histogram.percentile(99.9)),
    maxMs: late(histogram.max),
  };
  histogram.reset();
  // Whoever waits for the file finds all of it.
  writeFileSync(`${file}.part`, JSON.stringify(delays));
  renameSync(`${file}.part`, file);
});
