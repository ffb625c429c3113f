/** What came to a receiver of numbered logs, in the order in which it came. */
import { open } from 'node:fs/promises';

export interface Arrival {
  readonly shard: number;
  /** From 0, without a gap in each shard. */
  readonly number: number;
}

export interface Arrivals {
  /** Those since the last call. */
  next(): Promise<readonly Arrival[]>;
}

/** @returns the number at the end of a generated log's message; undefined for another message */
export function arrivalOf(message: string): Arrival | undefined {
  const match = /seq=(\d+)-(\d+)$/.exec(message);
  return match ? { shard: Number(match[1]), number: Number(match[2]) } : undefined;
}

/** Of a file that a receiver appends a line a message to. A half written last line waits for its end. */
export function tail(file: string): Arrivals {
  let position = 0;
  let begun = '';
  return {
    async next() {
      const handle = await open(file).catch(() => undefined);
      if (!handle) return [];
      try {
        const { size } = await handle.stat();
        const bytes = Buffer.alloc(Math.max(0, size - position));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, position);
        position += bytesRead;
        const lines = (begun + bytes.toString('latin1', 0, bytesRead)).split('\n');
        begun = lines.pop() ?? '';
        return lines.flatMap((line) => arrivalOf(line) ?? []);
      } finally {
        await handle.close();
      }
    },
  };
}

/** Of several receivers together. */
export function merged(...receivers: readonly Arrivals[]): Arrivals {
  return { next: async () => (await Promise.all(receivers.map((receiver) => receiver.next()))).flat() };
}
