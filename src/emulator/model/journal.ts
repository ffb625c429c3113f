/**
 * The emulator's state in a file, so that the emulator can be killed and started again: every change is appended before
 * it is acknowledged, and all changes are replayed at the next start.
 *
 *     {"do":"append","project":"demo","logstore":"logs","shard":0,…,"bytes":51234}\n   51234 bytes of the LogGroup
 *     {"do":"checkpoint",…,"bytes":0}\n
 *
 * The state survives a killed process, but not a crash of the machine, as the file is not synced. Faults, rates and
 * replaced credentials are not kept. The file only grows; one process at a time may use it.
 */
import { appendFileSync, closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const where = { project: z.string(), logstore: z.string() };
const shard = z.int().min(0);
const settings = z.object({ timeoutMs: z.number(), inOrder: z.boolean() });
const group = z.string();
const nowMs = z.number();

const changeSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('project'), project: z.string() }),
  z.object({
    ...where,
    do: z.literal('logstore'),
    shards: z.int(),
    createdMs: z.number(),
    retentionMs: z.number().optional(),
  }),
  z.object({
    ...where,
    do: z.literal('append'),
    shard,
    logs: z.int(),
    receivedMs: z.number(),
    origin: z.enum(['generated', 'put']),
  }),
  /** The log groups before this index were dropped. */
  z.object({ ...where, do: z.literal('expire'), shard, beginIndex: z.int() }),
  z.object({ ...where, do: z.literal('split'), shard, key: z.string().optional(), parts: z.int(), nowMs }),
  z.object({ ...where, do: z.literal('merge'), shard, nowMs }),
  z.object({ ...where, do: z.literal('create-group'), group, settings }),
  z.object({ ...where, do: z.literal('update-group'), group, settings }),
  z.object({ ...where, do: z.literal('delete-group'), group }),
  z.object({ ...where, do: z.literal('heartbeat'), group, consumer: z.string(), held: z.array(shard), nowMs }),
  z.object({
    ...where,
    do: z.literal('checkpoint'),
    group,
    shard,
    cursor: z.string(),
    consumer: z.string().optional(),
    force: z.boolean(),
    nowMs,
  }),
]);

export type Change = z.infer<typeof changeSchema>;
type Within<T> = T extends { project: string; logstore: string } ? Omit<T, 'project' | 'logstore'> : never;
/** A change within one logstore, without its name. */
export type LogstoreChange = Within<Change>;
/** @param bytes an appended LogGroup */
export type RecordOf<T> = (change: T, bytes?: Uint8Array) => void;

export interface Journal {
  /** Changes were found, and replayed. */
  readonly isRestored: boolean;
  /** Called after a change, and before it is acknowledged. @throws Error when the change cannot be written */
  readonly record: RecordOf<Change>;
  close(): void;
}

const LINE_END = 0x0a;
const none = new Uint8Array(0);

/**
 * Replays the file's changes; a half-written last one is cut off.
 * @param apply applies a change; `record` does nothing meanwhile
 * @throws Error when the file cannot be used, or is not a journal
 */
export function openJournal(file: string, apply: RecordOf<Change>): Journal {
  const fd = openSync(file, 'a+', 0o600);
  try {
    const bytes = readFileSync(file);
    const end = replay(bytes, file, apply);
    ftruncateSync(fd, end);
    return {
      isRestored: end > 0,
      record(change, payload = none) {
        const line = Buffer.from(`${JSON.stringify({ ...change, bytes: payload.length })}\n`);
        appendFileSync(fd, Buffer.concat([line, payload]));
      },
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

const lineSchema = changeSchema.and(z.object({ bytes: z.int().min(0) }));

/** @returns the offset behind the last complete change */
function replay(bytes: Buffer, file: string, apply: RecordOf<Change>): number {
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return at;
    const line = parse(bytes.toString('utf8', at, lineEnd));
    if (!line) throw new Error(`${file} is not an emulator's state, or damaged, at byte ${at}; take another file`);
    const { bytes: length, ...change } = line;
    const next = lineEnd + 1 + length;
    if (next > bytes.length) return at;
    apply(change as Change, bytes.subarray(lineEnd + 1, next));
    at = next;
  }
}

function parse(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
