/**
 * The model of the network against the real one: each script runs on sockets of this machine, and on the model, and our
 * side has to see the same, in the same order. Where the model is coarser: simulated-network.ts.
 */
import { describe, expect, test } from 'vitest';
import { ModelLab } from './conformance/model-lab.ts';
import { RealLab } from './conformance/real-lab.ts';
import { scripts } from './conformance/scripts.ts';

// What the kernel lists is Linux'.
describe.skipIf(process.platform !== 'linux')(
  'the model of TCP and of Node’s sockets sees what the real ones see',
  () => {
    test.each(scripts)('$name', async ({ run, allowed }) => {
      const real = await RealLab.start();
      const onReal = await run(real).finally(() => real.stop());
      const onModel = await run(new ModelLab());
      if (allowed) {
        expect(allowed.outcomes).toContainEqual(onReal);
        expect(allowed.outcomes).toContainEqual(onModel);
      } else expect(onModel).toEqual(onReal);
    });
  },
);
