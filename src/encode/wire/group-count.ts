/**
 * Whether a LogGroupList holds as many log groups as the service says. A body that was cut between two groups, and
 * packed anew by somebody on the way, can be read to its end: only the count tells what is missing.
 */
import type { BatchBody } from '../../core/bytes.ts';
import { CorruptBatchError } from '../../core/errors.ts';
import { WireReader } from './wire-reader.ts';

/** Field 1, with a length. */
const LOG_GROUP_TAG = 0x0a;

/**
 * More groups than were said are all sent: nothing is lost by them.
 * @param raw unpacked; read only where the number of groups is to be checked, and not known
 * @param known how many groups there are at least
 * @throws CorruptBatchError when there are fewer than the body claims
 */
export function checkGroupCount({ logGroups }: BatchBody, raw: () => Uint8Array, known = 0): void {
  if (logGroups === undefined || known >= logGroups) return;
  const found = countGroups(raw());
  if (found === undefined || found >= logGroups) return;
  throw new CorruptBatchError(`A pull's body holds ${found} log groups, and x-log-count says ${logGroups}.`, {
    logGroups,
    found,
  });
}

/** Undefined where it is no LogGroupList: whoever reads it says what is wrong, behind the logs in front of that. */
function countGroups(raw: Uint8Array): number | undefined {
  const reader = new WireReader(raw);
  let groups = 0;
  try {
    while (!reader.atEnd) {
      const tag = reader.tag();
      if (tag === LOG_GROUP_TAG) groups++;
      reader.skip(tag, 0);
    }
    return groups;
  } catch (error) {
    if (error instanceof CorruptBatchError) return undefined;
    throw error;
  }
}
