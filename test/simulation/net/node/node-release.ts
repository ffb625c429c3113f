/**
 * Where the sockets of Node's supported releases differ, as kernel-conformance.test.ts sees it: the release from which on
 * a socket behaves that way.
 */
export const nodeReleases = [20, 22, 24] as const;

export type NodeRelease = (typeof nodeReleases)[number];

/** A write that waits when its socket is closed fails with ECANCELED. Before, it was told as written. */
export function cancelsWrites(release: NodeRelease): boolean {
  return release >= 22;
}

/** A reset behind bytes that are read in the same event is told as a reset. Before, it was told as an end. */
export function tellsResetBehindBytes(release: NodeRelease): boolean {
  return release >= 24;
}

/** Of the Node that runs this. */
export function ownRelease(): NodeRelease {
  const major = Number(process.versions.node.split('.')[0]);
  return nodeReleases.findLast((release) => release <= major) ?? 20;
}
