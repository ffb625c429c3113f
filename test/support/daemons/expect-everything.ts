/** The end of a run whose receiver has misbehaved. */
import { expect } from 'vitest';
import type { EmulatorControls } from '../../../src/emulator/controls.ts';
import type { ScriptedReceiver } from '../receivers/scripted-receiver.ts';
import type { CliHandle } from '../virtual/virtual-cli.ts';
import type { FaultRun } from './fault-run.ts';

/** Nothing is lost, and a shard goes back once for each connection that did not end in peace, and not without one. */
export async function expectEverything(
  run: FaultRun<CliHandle, EmulatorControls>,
  receiver: Pick<ScriptedReceiver, 'broken'>,
): Promise<void> {
  const { generated, received, duplicates, stepsBack, violations } = await run.settle();
  console.info(`${generated} logs, ${receiver.broken} connections broken, ${duplicates} duplicated`);
  expect(violations).toEqual([]);
  expect(received).toBe(generated);
  expect(stepsBack).toBeLessThanOrEqual(receiver.broken);
  expect(await run.daemon.stop()).toBe(0);
}
