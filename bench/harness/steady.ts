/**
 * What a process costs while it runs evenly. Its start and its first gigabyte (Node compiles what is hot) do not
 * count: the processor time that the kernel has booked for it (/proc) is read at two points, with gigabytes between them,
 * and so is what the service has served. What is on the way at either point is bounded, and much less.
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plant } from './plant.ts';
import { cpuSeconds } from './processes.ts';

const POLL_MS = 20;
const PATIENCE_MS = 120_000;

export interface SteadyOptions {
  readonly warmUpBytes: number;
  readonly measuredBytes: number;
}

export interface Steady {
  readonly cpuSecondsPerGB: number;
  /** MB (10^6 bytes) of raw logs a second, by the wall clock. */
  readonly rawMBPerSecond: number;
  /** Processor seconds a second: 1 is a whole core, and less that somebody else was waited for. */
  readonly coreShare: number;
}

export async function measureSteady(
  plant: Plant,
  subjects: readonly ChildProcess[],
  { warmUpBytes, measuredBytes }: SteadyOptions,
): Promise<Steady> {
  const { rawBytes: before } = await plant.served();
  const start = await waitForBytes(plant, subjects, before + warmUpBytes);
  const end = await waitForBytes(plant, subjects, start.rawBytes + measuredBytes);
  const gigabytes = (end.rawBytes - start.rawBytes) / 1e9;
  const seconds = (end.atMs - start.atMs) / 1000;
  const cpu = end.cpu - start.cpu;
  return { cpuSecondsPerGB: cpu / gigabytes, rawMBPerSecond: (gigabytes * 1000) / seconds, coreShare: cpu / seconds };
}

export interface Point {
  readonly atMs: number;
  readonly rawBytes: number;
  readonly cpu: number;
}

/** Until the service has served so many bytes in all. @throws Error when a subject has ended, or nothing moves */
export async function waitForBytes(plant: Plant, subjects: readonly ChildProcess[], bytes: number): Promise<Point> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { rawBytes } = await plant.served();
    if (rawBytes >= bytes) {
      const cpu = subjects.reduce((sum, child) => sum + cpuSeconds(child), 0);
      return { atMs: performance.now(), rawBytes, cpu };
    }
    const ended = subjects.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (ended) throw new Error('what is measured has ended; its own log is above');
    if (performance.now() > deadlineMs) throw new Error(`only ${rawBytes} bytes served within ${PATIENCE_MS} ms`);
    await sleep(POLL_MS);
  }
}
