/**
 * The service's error answers: `{"errorCode", "errorMessage"}` with an HTTP status. Codes, statuses and spellings (also
 * `ConsumerNotExsit`) are from the API reference's error tables.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The service's `errorCode`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export const parameterInvalid = (message: string): ApiError => new ApiError(400, 'ParameterInvalid', message);
export const postBodyInvalid = (message: string): ApiError => new ApiError(400, 'PostBodyInvalid', message);
export const unauthorized = (message: string): ApiError => new ApiError(401, 'Unauthorized', message);
export const signatureNotMatch = (message: string): ApiError => new ApiError(403, 'SignatureNotMatch', message);

export const invalidCursor = (cursor: string, why: string): ApiError =>
  new ApiError(400, 'InvalidCursor', `Cursor ${JSON.stringify(cursor)} is invalid: ${why}`);

export const shardNotExist = (shard: number | string): ApiError =>
  new ApiError(404, 'ShardNotExist', `Shard ${shard} does not exist`);

export const logstoreNotExist = (logstore: string): ApiError =>
  new ApiError(404, 'LogStoreNotExist', `logstore ${logstore} does not exist`);

export const projectNotExist = (project: string): ApiError =>
  new ApiError(404, 'ProjectNotExist', `The Project does not exist : ${project}`);

export const consumerGroupNotExist = (group: string): ApiError =>
  new ApiError(404, 'ConsumerGroupNotExist', `consumer group ${group} does not exist`);
