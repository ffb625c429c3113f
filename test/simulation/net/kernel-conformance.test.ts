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

/** In which everything arrives, on the real machine: the next where the one before was too short for a busy one. */
const settleMs = [30, 300, 1_000];

async function compare(script: Script, tls?: TlsVersion): Promise<void> {
  for (const ms of settleMs.slice(0, -1)) {
    const isSame = await tryToCompare(script, ms, tls).then(
      () => true,
      () => false,
    );
    if (isSame) return;
  }
  await tryToCompare(script, settleMs.at(-1) as number, tls);
}

async function tryToCompare({ run, allowed }: Script, ms: number, tls?: TlsVersion): Promise<void> {
  const real = await RealLab.start(tls, ms);
  const onReal = await run(real).finally(() => real.stop());
  const onModel = await run(new ModelLab(tls));
  if (allowed) {
    expect(allowed.outcomes).toContainEqual(onReal);
    expect(allowed.outcomes).toContainEqual(onModel);
  } else expect(onModel).toEqual(onReal);
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
