/**
 * The embedded log service with shards that never end, in a process of its own: `service.ts PROFILE SHARDS [BODIES]`. Its
 * consumer group, signatures and HTTP server are the emulator's; a pull is answered with one of a few bodies that were
 * packed beforehand, over and over, and its signature is not checked, so that the service is not what is measured.
 * PROFILE `none`: shards that are empty instead, and an emulator in every way.
 *
 * The address on stdout as JSON when it listens; `GET /__emulator/served` → {"pulls", "rawBytes", "bodyBytes"}.
 */
import { systemClock } from '../../src/core/time/clock.ts';
import { DEMO_CREDENTIALS } from '../../src/emulator/emulator.ts';
import { createFaultSwitches } from '../../src/emulator/faults/faults.ts';
import { type ApiAnswer, json } from '../../src/emulator/handlers/handler.ts';
import { createHttpServer } from '../../src/emulator/http-server.ts';
import { createPullCache } from '../../src/emulator/model/pull-cache.ts';
import { Store } from '../../src/emulator/model/store.ts';
import { compress } from '../../src/emulator/protocol/compression.ts';
import { decodeCursor, encodeCursor } from '../../src/emulator/protocol/cursor.ts';
import { createService, type Service } from '../../src/emulator/service.ts';
import { generateBatches, isBenchProfile } from '../harness/batches.ts';

const PROJECT = 'bench';
const LOGSTORE = 'logs';

/** 8 are enough that no cache of the processor holds them all. */
const [profile, shards, bodyCount = '8'] = process.argv.slice(2);
// The store knows no cursor behind its shards' ends.
const store = new Store(systemClock, undefined, { checksCursors: false });
store.createProject(PROJECT);
store.createLogstore(PROJECT, LOGSTORE, Number(shards), undefined);
const cache = createPullCache(0);
const service = createService({ store, cache, region: undefined, credentials: () => [DEMO_CREDENTIALS] });

const isEndless = isBenchProfile(profile);
const bodies = (isEndless ? generateBatches(profile, Number(bodyCount)) : []).map(({ raw, groups }) => ({
  groups,
  rawSize: raw.length,
  body: compress(raw, 'lz4'),
}));
const served = { pulls: 0, rawBytes: 0, bodyBytes: 0 };

function pull(cursor: string): ApiAnswer {
  const position = decodeCursor(cursor);
  const { groups, rawSize, body } = bodies[Number(position % BigInt(bodies.length))]!;
  served.pulls++;
  served.rawBytes += rawSize;
  served.bodyBytes += body.length;
  const headers = {
    'content-type': 'application/x-protobuf',
    'x-log-cursor': encodeCursor(position + 1n),
    'x-log-count': String(groups),
    'x-log-bodyrawsize': String(rawSize),
    'x-log-compresstype': 'lz4',
  };
  return { status: 200, headers, body };
}

const endless: Service = {
  ...service,
  handle(request, route) {
    if (route.action === 'PullLogs') return pull(new URLSearchParams(request.rawQuery).get('cursor') ?? '');
    return service.handle(request, route);
  },
};

const server = createHttpServer({
  service: isEndless ? endless : service,
  admin: { handle: () => json(served) },
  faults: createFaultSwitches(1),
  clock: systemClock,
});
const port = await server.listen(0);
const endpoint = `http://127.0.0.1:${port}`;
process.stdout.write(`${JSON.stringify({ endpoint, project: PROJECT, logstore: LOGSTORE, ...DEMO_CREDENTIALS })}\n`);
// The benchmark's process has ended, in whatever way.
process.stdin.resume().once('end', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
