/** Faults in the body of a pull's answer. */
import type { ApiAnswer } from '../handlers/handler.ts';
import { type BodyCompression, compress } from '../protocol/compression.ts';
import type { Fault } from './faults.ts';

/** A varint that never ends: no protobuf message begins so. */
const GARBAGE = Buffer.alloc(4096, 0xff);

/** @returns the damaged answer; unchanged if the fault is not one of bodies */
export function damage(answer: ApiAnswer, fault: Fault): ApiAnswer {
  const { body, headers } = answer;
  const half = body.length >>> 1;
  switch (fault.kind) {
    case 'cut-body':
      return { ...answer, body: body.subarray(0, half) };
    case 'corrupt-body': {
      // A copy, since the cache keeps the body. Bytes 0xff are, to lz4, a run of literals longer than the input.
      const corrupt = Buffer.from(body);
      corrupt.fill(0xff, half);
      return { ...answer, body: corrupt };
    }
    case 'wrong-raw-size': {
      const claimed = Math.max(0, Number(headers['x-log-bodyrawsize'] ?? 0) + fault.byBytes);
      return { ...answer, headers: { ...headers, 'x-log-bodyrawsize': String(claimed) } };
    }
    case 'garbage-protobuf': {
      const compression = (headers['x-log-compresstype'] ?? 'none') as BodyCompression;
      return {
        ...answer,
        headers: { ...headers, 'x-log-bodyrawsize': String(GARBAGE.length) },
        body: compress(GARBAGE, compression),
      };
    }
    default:
      return answer;
  }
}
