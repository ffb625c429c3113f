/**
 * The protobuf schema of PutLogs and PullLogs bodies (Log Service API reference, "Data encoding"), for protobufjs. The
 * emulator writes with it, and tests use it as an oracle; the daemon parses the bytes itself.
 */
import protobuf from 'protobufjs';

const schema = `
syntax = "proto2";
package sls;
message LogContent { required bytes Key = 1; required bytes Value = 2; }
message Log { required uint32 Time = 1; repeated LogContent Contents = 2; optional fixed32 TimeNs = 4; }
message LogTag { required bytes Key = 1; required bytes Value = 2; }
message LogGroup {
  repeated Log Logs = 1;
  optional bytes Category = 2;
  optional bytes Topic = 3;
  optional bytes Source = 4;
  optional bytes MachineUUID = 5;
  repeated LogTag LogTags = 6;
}
message LogGroupList { repeated LogGroup LogGroups = 1; }
`;

/** Keys and values are `bytes`, not `string`: both have the same encoding, and not every upload is UTF-8. */
export interface LogField {
  Key: Uint8Array;
  Value: Uint8Array;
}

export interface Log {
  /** Unix seconds. */
  Time: number;
  Contents: LogField[];
  /** Nanoseconds within the second. */
  TimeNs?: number;
}

export interface LogGroup {
  Logs: Log[];
  Category?: Uint8Array;
  Topic?: Uint8Array;
  Source?: Uint8Array;
  MachineUUID?: Uint8Array;
  LogTags: LogField[];
}

const root = protobuf.parse(schema, { keepCase: true }).root;
const logGroupType = root.lookupType('sls.LogGroup');
const logGroupListType = root.lookupType('sls.LogGroupList');

export function encodeLogGroup(group: LogGroup): Uint8Array {
  return logGroupType.encode(group).finish();
}

/** @throws Error when the bytes are not a LogGroup */
export function decodeLogGroup(bytes: Uint8Array): LogGroup {
  return logGroupType.decode(bytes) as unknown as LogGroup;
}

export function encodeLogGroupList(groups: readonly LogGroup[]): Uint8Array {
  return logGroupListType.encode({ LogGroups: groups }).finish();
}

/** @throws Error when the bytes are not a LogGroupList */
export function decodeLogGroupList(bytes: Uint8Array): LogGroup[] {
  return (logGroupListType.decode(bytes) as unknown as { LogGroups: LogGroup[] }).LogGroups;
}
