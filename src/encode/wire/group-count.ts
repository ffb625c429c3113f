/**
 * Checks that a LogGroupList holds as many log groups as the service claims. A body that was cut between two groups and
 * compressed again on the way can be read to its end: only the count shows that groups are missing.
 */
import type { BatchBody } from '../../core/bytes.ts';
import { CorruptBatchError } from '../../core/errors.ts';
import { WireReader } from './wire-reader.ts';

/** Field 1 with a length: a log group. */
const LOG_GROUP_TAG = 0x0a;

/**
 * More groups than claimed are no error: all are sent.
 * @param raw gives the unpacked bytes; called only where `known` is less than the claim
 * @param known a number of groups that are certainly there
 * @throws CorruptBatchError: there are fewer groups than claimed
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

/** @returns undefined for damaged bytes: the walker reports the damage later, after the logs in front of it */
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
