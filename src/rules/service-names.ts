/**
 * The names by which the service speaks of a log: `__topic__`, `__source__`, `__time__`, `__time_ns_part__` and
 * `__tag__:<key>`. A log's own field may be called so too, and says nothing of the log then: nothing that asks for a
 * field by such a name is given it, and no format writes it under that name.
 */

const SPACE = 0x20;
const UNDERSCORE = 0x5f;
const names = new Set(['__topic__', '__source__', '__time__', '__time_ns_part__']);
const TAG_PREFIX = '__tag__:';

/**
 * Whether a receiver could take a name for one of the service's: in any case, and with spaces around it.
 *
 * @param name flattened
 */
export function isServiceName(name: Uint8Array): boolean {
  if (name[0] !== UNDERSCORE && name[0] !== SPACE) return false;
  const text = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1').trim().toLowerCase();
  return names.has(text) || text.startsWith(TAG_PREFIX);
}
