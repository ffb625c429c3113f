/** Chunks that nobody wants sent any more when their turn comes. */
import type { FrameChunk } from '../../../core/bytes.ts';
import type { Recall } from '../link/transport.ts';

interface Queued {
  readonly chunk: FrameChunk;
  readonly recall: Recall | undefined;
}

/**
 * Takes out of a queue what is in front of the first chunk that is wanted, and releases it. The caller calls `dropped()`
 * of each when its own state is right again: others write then.
 */
export function takeUnwanted<E extends Queued>(queue: E[]): E[] {
  const wanted = queue.findIndex(({ recall }) => recall?.isWanted() ?? true);
  const unwanted = queue.splice(0, wanted < 0 ? queue.length : wanted);
  for (const { chunk } of unwanted) chunk.release();
  return unwanted;
}
