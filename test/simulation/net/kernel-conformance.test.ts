/**
 * The model of the network against the real one: each script runs on sockets of this machine, and on the model, and our
 * side has to see the same, in the same order. Where the model is coarser: simulated-network.ts.
 */
import { describe, expect, test } from 'vitest';
import { endScripts } from './conformance/end-scripts.ts';
import { ModelLab } from './conformance/model-lab.ts';
import { processScripts } from './conformance/process-scripts.ts';
import { RealLab } from './conformance/real-lab.ts';
import type { Script } from './conformance/script.ts';
import { tlsScripts } from './conformance/tls-scripts.ts';
import type { TlsVersion } from './tls-records.ts';

/** A machine that is busy does not come to rest in the first; what differs then is looked at again, with more time. */
const settleTimesMs = [30, 300, 1_500, 5_000];

async function compare(script: Script, tls?: TlsVersion): Promise<void> {
  for (const ms of settleTimesMs.slice(0, -1)) {
    const isSame = await compareWithin(ms, script, tls).then(
      () => true,
      () => false,
    );
    if (isSame) return;
  }
  await compareWithin(settleTimesMs.at(-1) as number, script, tls);
}

async function compareWithin(settleMs: number, { run, allowed }: Script, tls?: TlsVersion): Promise<void> {
  const real = await RealLab.start(tls, settleMs);
  const onReal = await run(real).finally(() => real.stop());
  const onModel = await run(new ModelLab(tls));
  const outcomes = allowed?.outcomes ?? [onReal];
  expect(outcomes).toContainEqual(onReal);
  expect(outcomes).toContainEqual(onModel);
}

// What the kernel lists is Linux'.
describe.skipIf(process.platform !== 'linux')('the model and this machine show the same of', () => {
  describe('TCP and UDP', () => {
    test.each([...endScripts, ...processScripts])('$name', (script) => compare(script));
  });
  describe.each(['TLSv1.3', 'TLSv1.2'] as const)('%s', (version) => {
    test.each(tlsScripts)('$name', (script) => compare(script, version));
  });
});
