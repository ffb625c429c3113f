/**
 * The service's names for a log's properties: `__topic__`, `__source__`, `__time__`, `__time_ns_part__` and
 * `__tag__:<key>`. A log's own field may have such a name too, and could forge the property: so settings that name a
 * property never get that field, and formats write the field under another name (but with `keepsNames`).
 */

const SPACE = 0x20;
const UNDERSCORE = 0x5f;
const names = new Set(['__topic__', '__source__', '__time__', '__time_ns_part__']);
const TAG_PREFIX = '__tag__:';

/**
 * Whether a receiver could take a name for one of the service's: in any case, and with spaces around it.
 * @param name flattened
 */
export function isServiceName(name: Uint8Array): boolean {
  if (name[0] !== UNDERSCORE && name[0] !== SPACE) return false;
  const text = Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1').trim().toLowerCase();
  return names.has(text) || text.startsWith(TAG_PREFIX);
}
